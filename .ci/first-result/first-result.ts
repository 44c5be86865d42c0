import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LocalRegistry } from '../local-registry/local-registry.ts';
import { packAll, temporaryFolder } from '../packed.ts';
import { npx, runToSuccess } from '../run-program.ts';
import { exitOnSignals } from '../signals.ts';
import { packDependenciesOfOthers } from '../third-party.ts';
import { publishedPackages, root } from '../workspace.ts';

/** Seconds, one for each round. */
export interface FirstResult {
  /** `npx @rmsnorm/cli@VERSION run ...` by somebody who never had it, from a registry on this machine to the end of a file. */
  readonly npx: number[];
  /** The same once more: npx has it in its cache. */
  readonly npxAgain: number[];
  /** npx of a package that holds a command that does nothing: what of `npx` is npm's own. */
  readonly npxOfNothing: number[];
  /** The command by itself, installed. */
  readonly command: number[];
  /** Node, which does nothing. */
  readonly node: number[];
}

const { version } = publishedPackages.find(({ manifest }) => manifest.name === '@rmsnorm/cli')!.manifest;
const INPUT = join(root, 'apps/cli/data/embeddings.npy');

/** How long one waits for the first result of a version that was just released. */
export async function firstResult(rounds: number): Promise<FirstResult> {
  if (!Number.isSafeInteger(rounds) || rounds < 1)
    throw new RangeError(`rounds must be a positive integer, got ${rounds}`);
  exitOnSignals();
  const folder = await temporaryFolder('first-result');
  const registry = await LocalRegistry.start(folder.dir);
  try {
    await publishAll(registry, folder.dir);
    const times: FirstResult = { npx: [], npxAgain: [], npxOfNothing: [], command: [], node: [] };
    for (let round = 0; round < rounds; round++) await measureRound(times, registry.url, join(folder.dir, 'user'));
    return times;
  } finally {
    await registry.stop();
    await folder.remove();
  }
}

/** Ours, what they depend on, and a command that does nothing: no other registry is asked. */
async function publishAll(registry: LocalRegistry, dir: string): Promise<void> {
  const nothing = join(dir, 'nothing');
  await mkdir(nothing);
  const manifest = { name: 'command-that-does-nothing', version: '1.0.0', bin: 'nothing.js' };
  await writeFile(join(nothing, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(nothing, 'nothing.js'), '#!/usr/bin/env node\n');
  const [ours, others] = await Promise.all([packAll(dir), packDependenciesOfOthers(dir)]);
  await registry.publish([...ours, ...[...others.values(), nothing].map((path) => ({ path }))]);
}

/** Each is measured once, so that whatever disturbs the machine for a while disturbs all. */
async function measureRound(times: FirstResult, registry: string, user: string): Promise<void> {
  await rm(user, { recursive: true, force: true });
  await mkdir(user);
  const timed = async (program: string, ...args: string[]): Promise<number> => {
    const start = performance.now();
    const env = { NPM_CONFIG_REGISTRY: registry, NPM_CONFIG_CACHE: join(user, 'npm-cache') };
    await runToSuccess(program, args, { cwd: user, env });
    return (performance.now() - start) / 1000;
  };
  const run = async (out: string, program: string, ...args: string[]): Promise<number> => {
    const seconds = await timed(program, ...args, 'run', INPUT, '-o', out, '--dim', '512');
    const { size } = await stat(join(user, out));
    if (size !== (await stat(INPUT)).size) throw new Error(`${program} ${args.join(' ')} wrote ${size} bytes`);
    return seconds;
  };
  times.npx.push(await run('1.npy', ...npx, '--yes', `@rmsnorm/cli@${version}`));
  times.npxAgain.push(await run('2.npy', ...npx, '--yes', `@rmsnorm/cli@${version}`));
  times.npxOfNothing.push(await timed(...npx, '--yes', 'command-that-does-nothing@1.0.0'));
  times.command.push(await run('3.npy', process.execPath, await installed(user)));
  times.node.push(await timed(process.execPath, '--eval', '0'));
}

/** Where npx has put the command. */
async function installed(user: string): Promise<string> {
  const folder = join(user, 'npm-cache/_npx');
  for (const name of await readdir(folder)) {
    const path = join(folder, name, 'node_modules/@rmsnorm/cli/dist/bin.js');
    if (existsSync(path)) return path;
  }
  throw new Error(`npx has put no @rmsnorm/cli below ${folder}`);
}
