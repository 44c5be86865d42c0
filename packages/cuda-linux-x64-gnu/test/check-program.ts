// native/test/check.cpp, compiled with what a test wants to watch it with, from sources that may have a mistake planted in them.

import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findCompilers } from '../scripts/compilers.mjs';
import { runStep, runSteps } from '../scripts/step.mjs';

/** `none`: values alone. `memory`: AddressSanitizer and UBSan. `races`: ThreadSanitizer, which takes fibers for threads. */
export type Watch = 'none' | 'memory' | 'races';

/** A mistake: in this file, `original` is replaced by `replacement`. */
export interface Plant {
  readonly name: string;
  readonly file: string;
  readonly original: string;
  readonly replacement: string;
}

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const COMMON = ['-std=c++17', '-g1', '-ffp-contract=off', '-Wall', '-Wextra', '-DRMSNORM_EMULATED'];

function flagsOf(watch: Watch): string[] {
  switch (watch) {
    case 'none':
      return ['-O1'];
    case 'memory':
      return ['-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined', '-fno-omit-frame-pointer'];
    case 'races':
      return ['-O1', '-fsanitize=thread'];
  }
}

/** The host device must not be instrumented by ThreadSanitizer, which it tells what orders fibers. */
const isOurs = (source: string): boolean => source.startsWith('simt/') || source.startsWith('plan/');

/** A copy of native/ with a mistake in it. */
function planted(name: string, plant: Plant): string {
  const folder = join(root, 'build/planted', name);
  mkdirSync(folder, { recursive: true });
  for (const part of ['kernels', 'plan', 'simt', 'test'])
    cpSync(join(root, 'native', part), join(folder, part), { recursive: true });
  const path = join(folder, plant.file);
  const text = readFileSync(path, 'utf8');
  if (text.split(plant.original).length !== 2) throw new Error(`${plant.file} has not once ${plant.original}`);
  writeFileSync(path, text.replace(plant.original, plant.replacement));
  return folder;
}

/**
 * Compiles the program and returns its path.
 * @param kernels the .cu files that it has: all, or those that matter to a mistake
 */
export async function checkProgram(watch: Watch, kernels?: readonly string[], plant?: Plant): Promise<string> {
  const compilers = findCompilers();
  if ('missing' in compilers) throw new Error(`no ${compilers.missing}`);
  const { gxx, include, versions } = compilers;
  const name = plant?.name ?? watch;
  const native = plant ? planted(name, plant) : join(root, 'native');
  const folder = join(root, 'build/check', name);
  const flags = flagsOf(watch);
  const all = ['plan', 'simt', 'kernels'].flatMap((part) =>
    readdirSync(join(native, part))
      .filter((file) => /\.(cpp|cu)$/.test(file) && (!kernels || !file.endsWith('.cu') || kernels.includes(file)))
      .map((file) => `${part}/${file}`),
  );
  const objects = [...all, 'test/check.cpp'].map((source) => ({
    output: join(folder, `${source.replaceAll('/', '.')}.o`),
    program: gxx,
    args: (output: string, depfile: string) => [
      ...[...COMMON, ...(watch === 'races' && isOurs(source) ? ['-O1', '-DRMSNORM_RACES'] : flags)],
      ...[`-isystem${include}`, '-MMD', '-MF', depfile, '-c', '-o', output, '-x', 'c++', join(native, source)],
    ],
    root: native,
    key: versions,
  }));
  await runSteps(objects, availableParallelism());
  const output = join(folder, 'check');
  const reads = objects.map((object) => object.output);
  const args = (target: string): string[] => [...flags, '-o', target, ...reads];
  await runStep({ output, program: gxx, args, reads, root: native, key: versions });
  return output;
}

/** Runs the program. */
export function run(program: string, args: readonly string[] = []): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, args, { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : null) : 0;
      resolve({ code, output: stdout + stderr });
    });
  });
}
