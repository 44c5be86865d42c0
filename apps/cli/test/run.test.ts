import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode, type HostTensor, RMSNorm, type RMSNormOptions, reference } from '@rmsnorm/core';
import { afterAll, describe, expect, test } from 'vitest';
import {
  bytesOf,
  hostTensor,
  inProcess,
  NO_CUDA,
  newFolder,
  numbers,
  partials,
  readNpy,
  rmsnorm,
  safetensorsBytes,
  writeNpy,
} from './rmsnorm.ts';

const backend = await reference().create();
afterAll(() => backend.dispose());

const gamma = numbers(12, 7);
const beta = numbers(12, 8);

async function expected(x: HostTensor, options: RMSNormOptions): Promise<HostTensor> {
  const norm = new RMSNorm({ affine: false, ...options });
  if (options.affine) norm.gamma = { dtype: 'float32', shape: [12], data: gamma };
  if (options.bias) norm.beta = { dtype: 'float32', shape: [12], data: beta };
  return norm.apply(x, backend);
}

const x = hostTensor([3, 12, 5]);

const OPTIONS: readonly (readonly [args: string, options: RMSNormOptions, input: HostTensor])[] = [
  ['--dim 12', { dim: 12 }, x],
  ['--dim 12,5', { dim: [12, 5] }, x],
  ['--dim 5 --axis -1', { dim: 5, axis: -1 }, x],
  ['--dim 3 --axis 0', { dim: 3, axis: 0 }, x],
  ['--dim 12 --groups 4', { dim: 12, groups: 4 }, x],
  ['--dim 12 --eps 0.5', { dim: 12, eps: 0.5 }, x],
  ['--dim 12 --eps 4 --eps-mode clamp', { dim: 12, eps: 4, epsMode: 'clamp' }, x],
  ['--dim 12 --scale -0.25', { dim: 12, scale: -0.25 }, x],
  ['--dim 12 --partial 0.4', { dim: 12, partial: 0.4 }, x],
  ['--dim 12 --gamma gamma.npy', { dim: 12, affine: true }, x],
  ['--dim 12 --gamma gamma.npy --weight-offset 1', { dim: 12, affine: true, weightOffset: 1 }, x],
  ['--dim 12 --beta weights.safetensors:norm.bias', { dim: 12, bias: true }, x],
  [
    '--dim 12 --groups 3 --gamma weights.safetensors:norm.weight --beta beta.safetensors',
    { dim: 12, groups: 3, affine: true, bias: true },
    x,
  ],
  ['--dim 12', { dim: 12 }, hostTensor([3, 12, 5], 'float16')],
  [
    '--dim 12 --casting llama --gamma gamma.npy',
    { dim: 12, casting: 'llama', affine: true },
    hostTensor([3, 12, 5], 'float16'),
  ],
];

describe('every option reaches the norm', () => {
  test.each(OPTIONS)('%s', async (args, options, input) => {
    const folder = newFolder();
    writeNpy(join(folder, 'x.npy'), input);
    writeNpy(join(folder, 'gamma.npy'), { dtype: 'float32', shape: [3, 4], data: gamma });
    writeFileSync(
      join(folder, 'beta.safetensors'),
      safetensorsBytes({ b: { dtype: 'float32', shape: [12], data: beta } }),
    );
    writeFileSync(
      join(folder, 'weights.safetensors'),
      safetensorsBytes({
        'norm.weight': { dtype: 'float32', shape: [12], data: gamma },
        'norm.bias': { dtype: 'float32', shape: [12], data: beta },
      }),
    );
    const { code, stderr, stdout } = await inProcess(folder, `run x.npy -o y.npy --backend reference --quiet ${args}`);
    expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: '', stdout: '' });
    expect(readNpy(join(folder, 'y.npy'))).toEqual(await expected(input, options));
  });

  test('--backend auto takes wasm, within the contract of the reference', async () => {
    const folder = newFolder();
    writeNpy(join(folder, 'x.npy'), x);
    const { code, stdout } = await inProcess(folder, 'run x.npy -o y.npy --dim 12 --json');
    expect(code).toBe(0);
    const summary = JSON.parse(stdout);
    expect(summary).toMatchObject({ backend: { name: 'wasm', asked: 'auto' }, shape: [3, 12, 5] });
    expect(summary.backend.probes.map(({ name, code }: { name: string; code?: string }) => [name, code])).toEqual([
      ['cuda', expect.stringMatching(NO_CUDA)],
      ['webgpu', 'NO_ADAPTER'],
      ['wasm', undefined],
    ]);
    const [y, exact] = [readNpy(join(folder, 'y.npy')).data, (await expected(x, { dim: 12 })).data];
    for (let i = 0; i < y.length; i++)
      expect(Math.abs(y[i]! - exact[i]!)).toBeLessThanOrEqual(4 * 2 ** -23 * Math.abs(exact[i]!));
  });

  test.each(['float16', 'bfloat16'] as const)('gamma of %s, and of float64', async (dtype) => {
    const folder = newFolder();
    writeNpy(join(folder, 'x.npy'), x);
    const short = encode(gamma, dtype);
    writeFileSync(join(folder, 'g.safetensors'), safetensorsBytes({ g: { dtype, shape: [12], data: short } }));
    const wide = Float64Array.from(gamma);
    writeFileSync(
      join(folder, 'd.safetensors'),
      safetensorsBytes({ d: { dtype: 'F64', shape: [12], data: new Uint8Array(wide.buffer) } }),
    );
    for (const [file, data, type] of [
      ['g', short, dtype],
      ['d', gamma, 'float32'],
    ] as const) {
      const { code, stderr } = await inProcess(
        folder,
        `run x.npy -o ${file}.npy --quiet --dim 12 --gamma ${file}.safetensors --backend reference`,
      );
      expect([code, stderr]).toEqual([0, '']);
      const norm = new RMSNorm(12);
      norm.gamma = { dtype: type, shape: [12], data };
      expect(readNpy(join(folder, `${file}.npy`))).toEqual(await norm.apply(x, backend));
    }
  });
});

const short = hostTensor([4, 12], 'bfloat16');
const other = { dtype: 'I8', shape: [5], data: Uint8Array.of(1, 2, 3, 4, 250) };

describe('.safetensors', () => {
  const more = hostTensor([7], 'float16', 3);

  test('all other tensors and the metadata are carried over, byte for byte', async () => {
    const folder = newFolder();
    const before = safetensorsBytes({ first: other, x: short, last: more }, { format: 'pt', ключ: 'значение' });
    writeFileSync(join(folder, 'x.safetensors'), before);
    const { code, stdout } = await inProcess(
      folder,
      'run x.safetensors -o y.safetensors --tensor x --dim 12 --json --backend reference',
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ tensor: 'x', othersCarried: 2, othersLeft: 0, dtype: 'bfloat16' });
    const after = readFileSync(join(folder, 'y.safetensors'));
    const start = before.length - 4 * 12 * 2 - 14;
    expect(after.subarray(0, start)).toEqual(before.subarray(0, start));
    expect(after.subarray(start, -14)).toEqual(bytesOf((await expected(short, { dim: 12 })).data));
    expect(after.subarray(-14)).toEqual(before.subarray(-14));
  });

  test('one tensor needs no --tensor; more than one do, and are listed', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'one.safetensors'), safetensorsBytes({ x: short }));
    writeFileSync(join(folder, 'two.safetensors'), safetensorsBytes({ x: short, more }));
    expect((await inProcess(folder, 'run one.safetensors -o y.safetensors --dim 12')).code).toBe(0);
    const { code, stderr } = await inProcess(folder, 'run two.safetensors -o z.safetensors --dim 12');
    expect(code).toBe(2);
    expect(stderr).toBe(
      "RMSNORM_INVALID_OPTION: two.safetensors has 2 tensors: name one with --tensor NAME; it has 'x' (BF16 [4,12]), 'more' (F16 [7])\n",
    );
  });
});

describe('another format', () => {
  test('from .npy and back, by the extension of OUT', async () => {
    const folder = newFolder();
    const half = hostTensor([4, 12], 'float16');
    writeNpy(join(folder, 'x.npy'), half);
    const y = await expected(half, { dim: 12 });
    expect((await inProcess(folder, 'run x.npy -o y.safetensors --tensor h --dim 12 --backend reference')).code).toBe(
      0,
    );
    const file = readFileSync(join(folder, 'y.safetensors'));
    const header = JSON.parse(file.subarray(8, 8 + Number(file.readBigUInt64LE(0))).toString());
    expect(header).toEqual({ h: { dtype: 'F16', shape: [4, 12], data_offsets: [0, 96] } });
    expect(file.subarray(-96)).toEqual(bytesOf(y.data));

    writeFileSync(join(folder, 'x.safetensors'), safetensorsBytes({ first: other, half }));
    const back = await inProcess(folder, 'run x.safetensors --tensor half -o back.npy --dim 12 --backend reference');
    expect(back.stderr).toContain('1 other tensor: .npy holds one');
    expect(readNpy(join(folder, 'back.npy'))).toEqual(y);
  });

  test('bfloat16 does not fit into .npy', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'x.safetensors'), safetensorsBytes({ x: short }));
    const { code, stderr } = await inProcess(folder, 'run x.safetensors -o y.npy --dim 12');
    expect([code, stderr]).toEqual([
      1,
      'RMSNORM_DTYPE: x.safetensors is bfloat16, which .npy has no name for: let OUT end in .safetensors, or --cast float32\n',
    ]);
  });
});

describe('empty tensors', () => {
  test.each([[[0, 12]], [[3, 12, 0]]])('%j', async (shape) => {
    const folder = newFolder();
    writeNpy(join(folder, 'x.npy'), hostTensor(shape));
    const { code, stderr } = await inProcess(folder, 'run x.npy -o y.npy --dim 12');
    expect(code).toBe(0);
    expect(stderr).toContain('no finite row');
    expect(readFileSync(join(folder, 'y.npy'))).toEqual(readFileSync(join(folder, 'x.npy')));
  });
});

describe('the summary', () => {
  test('stdout is data, stderr is messages; no escape codes where there is no terminal', async () => {
    const folder = newFolder();
    const x = hostTensor([3, 12]);
    (x.data as Float32Array)[30] = Number.NaN;
    writeNpy(join(folder, 'x.npy'), x);
    const plain = await rmsnorm(folder, 'run x.npy -o y.npy --dim 12 --backend reference');
    expect(plain).toMatchObject({ code: 0, stdout: '' });
    expect(plain.stderr).toContain('[3, 12] float32');
    expect(plain.stderr).toContain('1 row with NaN or infinity');
    expect(plain.stderr).not.toContain('\x1b');
    const json = await rmsnorm(folder, 'run x.npy -o z.npy --dim 12 --backend reference --json');
    expect(json.stderr).toBe('');
    const { rows } = JSON.parse(json.stdout);
    expect(rows).toMatchObject({ rows: 3, sampled: 3, nonFinite: { before: 1, after: 1 } });
    const first = Math.sqrt([...numbers(12)].reduce((sum, v) => sum + v * v, 0) / 12);
    expect([rows.before.min, rows.before.max].some((rms) => Math.abs(rms - first) < 1e-6)).toBe(true);
    for (const rms of [rows.after.min, rows.after.max]) expect(rms).toBeCloseTo(1, 5);
    expect(partials(folder)).toEqual([]);
  });
});
