import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const src = fileURLToPath(new URL('../src', import.meta.url));

export interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program of `src` to its end, in a process of its own, as a user does. */
export function runExample(name: string, env: NodeJS.ProcessEnv = process.env): Ended {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [`${name}.mjs`], {
    cwd: src,
    env,
    encoding: 'utf8',
    timeout: 110_000,
  });
  if (error) throw error;
  return { status, stdout, stderr };
}

/** The numbers that `pattern` captures in the output of a program. */
export function numbersIn(stdout: string, pattern: RegExp): number[] {
  const match = pattern.exec(stdout);
  if (!match) throw new Error(`nothing in the output matches ${pattern}:\n${stdout}`);
  return match.slice(1).map(Number);
}
