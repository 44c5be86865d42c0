import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostTensor } from '@rmsnorm/core';
import { beforeAll, describe, expect, test } from 'vitest';
import { bytesOf, hostTensor, inProcess, newFolder, readNpy, safetensorsBytes, writeNpy } from './rmsnorm.ts';

const SHAPE = [50, 96, 3];
const RUN = '--dim 96 --backend reference --force --json';
const integers = Float32Array.from({ length: 50 * 96 * 3 }, (_, i) => ((i * 37) % 200) - 100);
const x: HostTensor = { dtype: 'float32', shape: SHAPE, data: integers };
let folder = '';
let y: HostTensor;

function npy(descr: string, data: ArrayBufferView): Buffer {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${SHAPE.join(', ')}), }`.padEnd(117);
  const start = Buffer.from(`\x93NUMPY\x01\x00\x76\x00${header}\n`, 'latin1');
  return Buffer.concat([start, bytesOf(data as Uint8Array)]);
}

beforeAll(async () => {
  folder = newFolder();
  writeNpy(join(folder, 'x.npy'), x);
  expect((await inProcess(folder, `run x.npy -o y.npy ${RUN}`)).code).toBe(0);
  y = readNpy(join(folder, 'y.npy'));
});

const FILES: readonly (readonly [descr: string, cast: string, data: ArrayBufferView])[] = [
  ['<f8', 'float64', Float64Array.from(integers)],
  ['<i8', 'int64', BigInt64Array.from(integers, BigInt)],
  ['<i4', 'int32', Int32Array.from(integers)],
  ['<i2', 'int16', Int16Array.from(integers)],
  ['|i1', 'int8', Int8Array.from(integers)],
  ['>f4', 'float32, big endian', bytesOf(integers.slice()).swap32()],
  ['>f8', 'float64, big endian', bytesOf(Float64Array.from(integers)).swap64()],
  ['>i2', 'int16, big endian', bytesOf(Int16Array.from(integers)).swap16()],
];

describe('--cast float32', () => {
  test.each(FILES)('of %s gives what x.astype does', async (descr, cast, data) => {
    writeFileSync(join(folder, 'cast.npy'), npy(descr, data));
    const refused = await inProcess(folder, `run cast.npy -o z.npy ${RUN}`);
    expect(refused.stderr).toMatch(/^RMSNORM_DTYPE: cast\.npy .*numpy\.save\(file, x\.astype\('<f4'\)\)/);
    expect(refused.stderr).toContain('--cast float32');
    expect(refused.code).toBe(1);
    // In one chunk, between rows, between groups, in strips.
    for (const more of ['', '--memory 64KiB', '--memory 64KiB --groups 4']) {
      const { code, stdout, stderr } = await inProcess(
        folder,
        `run cast.npy -o z.npy --cast float32 ${RUN} ${more}`.trim(),
      );
      expect([code, stderr]).toEqual([0, '']);
      expect(JSON.parse(stdout)).toMatchObject({ dtype: 'float32', cast });
      if (!more.includes('groups')) expect(readNpy(join(folder, 'z.npy'))).toEqual(y);
    }
  });

  test('in strips, and in shards, with the same bytes', async () => {
    writeFileSync(join(folder, 'cast.npy'), npy('<f8', Float64Array.from(integers)).fill(0, 0, 0));
    const strips = `${RUN.replace('96', '50')} --axis 0 --memory 64KiB`;
    await inProcess(folder, `run x.npy -o strips.npy ${strips}`);
    const run = await inProcess(folder, `run cast.npy -o z.npy --cast float32 ${strips}`);
    expect(JSON.parse(run.stdout).streamed.along).toBe('inner');
    expect(readFileSync(join(folder, 'z.npy')).equals(readFileSync(join(folder, 'strips.npy')))).toBe(true);
    for (const i of [0, 1, 2]) {
      const { code } = await inProcess(folder, `run cast.npy -o shards.npy --cast float32 ${RUN} --shard ${i}/3`);
      expect(code).toBe(0);
    }
    expect((await inProcess(folder, 'run -o shards.npy --finish --quiet')).code).toBe(0);
    expect(readNpy(join(folder, 'shards.npy'))).toEqual(y);
  });

  test('of a tensor in .safetensors, to .npy', async () => {
    const data = new Uint8Array(Int16Array.from(integers).buffer);
    writeFileSync(
      join(folder, 'x.safetensors'),
      safetensorsBytes({ x: { dtype: 'I16', shape: SHAPE, data }, b: hostTensor([3, 96], 'bfloat16') }),
    );
    expect((await inProcess(folder, `run x.safetensors --tensor x -o z.npy --cast float32 ${RUN}`)).code).toBe(0);
    expect(readNpy(join(folder, 'z.npy'))).toEqual(y);
    expect((await inProcess(folder, `run x.safetensors --tensor b -o z.npy --cast float32 ${RUN}`)).code).toBe(0);
    const refused = await inProcess(folder, `run x.safetensors --tensor x -o z.safetensors --cast float32 ${RUN}`);
    expect(refused.stderr).toContain('--cast float32 changes the size of one tensor');
    expect(refused.code).toBe(2);
  });

  test('of float32 changes nothing', async () => {
    const { stdout } = await inProcess(folder, `run x.npy -o z.npy --cast float32 ${RUN}`);
    expect(JSON.parse(stdout).cast).toBe(null);
    expect(readNpy(join(folder, 'z.npy'))).toEqual(y);
  });
});
