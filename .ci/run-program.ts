import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './workspace.ts';

export interface Ended {
  code: number;
  /** stdout and stderr, one after the other. */
  output: string;
  stdout: string;
}

/** The environment without what pnpm and npm set for their scripts, which a program started here would take for its own settings. */
export const cleanEnvironment: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|pnpm_|vitest|vite_|node_env|turbo_hash)/i.test(name)),
);

/** Runs a program to its end, or for `timeout` milliseconds; a program that fails is a result too. */
export function run(
  command: string,
  args: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; timeout?: number } = {},
): Promise<Ended> {
  const { cwd = root, env = cleanEnvironment, timeout = 0 } = options;
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { cwd, env, timeout, maxBuffer: 64 * 2 ** 20 }, (error, stdout, stderr) => {
      if (typeof error?.code === 'string') return reject(new Error(`${command}: ${error.message}`, { cause: error }));
      resolve({ code: child.exitCode ?? 1, stdout, output: `${stdout}${stderr}`.trim() });
    });
    child.stdin?.end();
  });
}

/** As `run`, for programs that must not fail; `env` is added to the environment. */
export async function runToSuccess(
  command: string,
  args: string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<string> {
  const env = { ...cleanEnvironment, ...options.env };
  const { code, stdout, output } = await run(command, args, { ...options, env });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output}`);
  return stdout;
}

/** A program, and its first arguments. */
type Command = [program: string, ...args: string[]];

/** Programs of the workspace, where node_modules has them. */
const PROGRAMS = {
  attw: '@arethetypeswrong/cli/dist/index.js',
  biome: '@biomejs/biome/bin/biome',
  tsc: 'typescript/bin/tsc',
  turbo: 'turbo/bin/turbo',
  vitest: 'vitest/vitest.mjs',
} as const;

/** A program of the workspace, for Node to run: node_modules/.bin holds shell scripts, which Windows cannot start. */
export function tool(name: keyof typeof PROGRAMS): string {
  return join(root, 'node_modules', PROGRAMS[name]);
}

/** npm or npx as a command: its JavaScript beside this Node, as npm.cmd cannot be started without a shell. */
function npmCommand(name: 'npm' | 'npx'): Command {
  const folders = [process.execPath, realpathSync(process.execPath)].map(dirname);
  const script = folders
    .flatMap((folder) => [folder, join(folder, '../lib')])
    .map((folder) => join(folder, `node_modules/npm/bin/${name}-cli.js`))
    .find((path) => existsSync(path));
  return script ? [process.execPath, script] : [name];
}

export const npm: Command = npmCommand('npm');
export const npx: Command = npmCommand('npx');

/** The one that runs us, or any 12. */
export const pnpm: Command = /pnpm(\.exe)?$/.test(process.env.npm_execpath ?? '')
  ? [process.env.npm_execpath!]
  : [...npx, '--yes', 'pnpm@12'];
