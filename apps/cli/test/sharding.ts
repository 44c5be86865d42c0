import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { hostTensor, inProcess, newFolder, writeNpy } from './rmsnorm.ts';

/** The run that shards share; `--shard I/N` is added. */
export const RUN = 'run x.npy -o y.npy --dim 12 --backend reference --quiet';
export const FINISH = 'run -o y.npy --finish';

/** Runs `rmsnorm`, expects it to succeed in silence, and gives its stdout. */
export async function succeed(folder: string, args: string): Promise<string> {
  const { code, stdout, stderr } = await inProcess(folder, args);
  expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout;
}

/** A folder with x.npy, and the bytes of x.npy normalized in one run. */
export async function prepared(shape: readonly number[] = [40, 12]): Promise<{ folder: string; whole: Buffer }> {
  const folder = newFolder();
  writeNpy(join(folder, 'x.npy'), hostTensor(shape));
  await succeed(folder, RUN.replace('y.npy', 'whole.npy'));
  return { folder, whole: readFileSync(join(folder, 'whole.npy')) };
}

/** Runs shards of `count`, all unless `indices` names some. */
export async function runShards(
  folder: string,
  count: number,
  indices: readonly number[] = [...Array(count).keys()],
): Promise<void> {
  for (const index of indices) await succeed(folder, `${RUN} --shard ${index}/${count}`);
}

export function output(folder: string): Buffer {
  return readFileSync(join(folder, 'y.npy'));
}

/** Where the shards of y.npy keep what they have written. */
export function shardsFolder(folder: string): string {
  return join(folder, 'y.npy.rmsnorm-shards');
}

/** The output that the shards of y.npy are writing. */
export function unfinishedOutput(folder: string): string {
  const inside = shardsFolder(folder);
  return join(inside, readdirSync(inside).find((name) => name.endsWith('.output'))!);
}
