import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FloatDType } from '@rmsnorm/core';
import { beforeAll, describe, expect, test } from 'vitest';
import { npyPrefix } from '../src/files/npy.ts';
import { BIN, hostTensor, inProcess, NO_DRIVERS, newFolder, numbers, safetensorsBytes, writeNpy } from './rmsnorm.ts';

let folder = '';
beforeAll(() => {
  folder = newFolder();
  writeNpy(join(folder, 'gamma.npy'), { dtype: 'float32', shape: [96], data: numbers(96, 5) });
});

describe('a file in many chunks is the file in one, bit for bit', () => {
  // Of 96 features each; at 64 KiB a chunk has 16 KiB.
  test.each<[string, readonly number[], FloatDType, string, 'outer' | 'groups' | 'inner']>([
    ['rows', [3001, 96], 'float32', '--dim 96', 'outer'],
    ['rows of 16 bits', [3001, 96], 'float16', '--dim 96 --groups 4', 'outer'],
    ['slabs', [50, 96, 7], 'float32', '--dim 96 --groups 2', 'outer'],
    ['groups', [3, 96, 301], 'float32', '--dim 96 --groups 32', 'groups'],
    ['groups of 16 bits', [3, 96, 301], 'float16', '--dim 96 --groups 32', 'groups'],
    ['strips', [3, 96, 1001], 'float32', '--dim 96', 'inner'],
    ['strips of 16 bits', [3, 96, 1001], 'float16', '--dim 96', 'inner'],
    ['strips of one of two groups', [2, 96, 1001], 'float32', '--dim 96 --groups 2', 'inner'],
  ])('%s', async (_name, shape, dtype, options, along) => {
    writeNpy(join(folder, 'x.npy'), hostTensor(shape, dtype));
    const args = `run x.npy --force --json --gamma gamma.npy ${options}`;
    const small = await inProcess(folder, `${args} -o small.npy --memory 64KiB`);
    const large = await inProcess(folder, `${args} -o large.npy --memory 64MiB`);
    expect([small.code, large.code, small.stderr, large.stderr]).toEqual([0, 0, '', '']);
    const { streamed } = JSON.parse(small.stdout);
    expect(streamed).toMatchObject({ along });
    expect(streamed.chunks).toBeGreaterThan(5);
    expect(streamed.chunkBytes).toBeLessThanOrEqual(16 << 10);
    expect(JSON.parse(large.stdout).streamed.chunks).toBeLessThan(5);
    expect(readFileSync(join(folder, 'small.npy')).equals(readFileSync(join(folder, 'large.npy')))).toBe(true);
  });

  test('with other tensors around it', async () => {
    const others = { a: hostTensor([50_001]), x: hostTensor([2000, 96]), z: hostTensor([40_000], 'bfloat16') };
    const before = safetensorsBytes(others);
    writeFileSync(join(folder, 'x.safetensors'), before);
    const args = 'run x.safetensors --tensor x --dim 96 --force --quiet';
    expect((await inProcess(folder, `${args} -o small.safetensors --memory 64KiB`)).code).toBe(0);
    expect((await inProcess(folder, `${args} -o large.safetensors --memory 64MiB`)).code).toBe(0);
    const [small, large] = ['small', 'large'].map((name) => readFileSync(join(folder, `${name}.safetensors`)));
    expect(small!.equals(large!)).toBe(true);
    expect(small!.subarray(0, 200_000).equals(before.subarray(0, 200_000))).toBe(true);
    expect(small!.subarray(-80_000).equals(before.subarray(-80_000))).toBe(true);
  });
});

test('a row that does not fit is refused with the numbers, before anything is written', async () => {
  writeNpy(join(folder, 'x.npy'), hostTensor([2, 8192]));
  const { code, stderr } = await inProcess(folder, 'run x.npy -o row.npy --dim 8192 --memory 64KiB');
  expect(code).toBe(1);
  expect(stderr).toBe(
    'RMSNORM_OUT_OF_MEMORY: one row of 8192 elements must be in memory at once and take 32.8 kB, a chunk may take 16.4 kB: ' +
      'give at least --memory 1MiB\n',
  );
  expect(() => statSync(join(folder, 'row.npy'))).toThrow('ENOENT');
});

/** The most memory that `rmsnorm` had, in MB, beside its exit code. */
function residentMegabytes(args: readonly string[]): number {
  const script = `process.argv.splice(1, 0, ${JSON.stringify(BIN)});
    process.on('exit', () => require('node:fs').writeSync(3, String(process.resourceUsage().maxRSS)));
    import(${JSON.stringify(pathToFileURL(BIN).href)});`;
  const { status, output, stderr } = spawnSync(process.execPath, ['-e', script, ...args], {
    cwd: folder,
    env: { ...process.env, ...NO_DRIVERS },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return Number(output[3]) / 1e3;
}

test('memory does not grow with the file', () => {
  const sparse = (name: string, shape: readonly number[]): void => {
    const prefix = npyPrefix('float32', shape);
    const file = openSync(join(folder, name), 'w');
    writeSync(file, prefix);
    ftruncateSync(file, prefix.length + shape.reduce((n, d) => n * d, 4));
    closeSync(file);
  };
  sparse('few.npy', [1, 512, 100]);
  sparse('rows.npy', [65_536, 512, 2]);
  sparse('strips.npy', [1, 512, 131_072]);
  const args = ['-o', 'y.npy', '--dim', '512', '--force', '--quiet', '--memory', '16MiB'];
  const base = residentMegabytes(['run', 'few.npy', ...args]);
  for (const name of ['rows.npy', 'strips.npy']) {
    // 268 MB; the budget of 16 MiB, as much again for the backend's own, and what V8 lets lie.
    expect(residentMegabytes(['run', name, ...args]) - base).toBeLessThan(80);
    expect(statSync(join(folder, 'y.npy')).size).toBe(statSync(join(folder, name)).size);
  }
});
