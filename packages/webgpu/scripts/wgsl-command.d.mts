export function wgslCommand(args: readonly string[]): { stdout: string; stderr: string; code: number };
