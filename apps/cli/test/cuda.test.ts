import { join } from 'node:path';
import { RMSNorm, reference } from '@rmsnorm/core';
import { cuda } from '@rmsnorm/cuda';
import { beforeAll, expect, test } from 'vitest';
import { lacking } from '../../../.ci/requirements.ts';
import { NO_CUDA, newFolder, readNpy, rmsnorm, writeNpy } from './rmsnorm.ts';

let folder = '';
beforeAll(() => {
  folder = newFolder();
});

const x = {
  dtype: 'float32',
  shape: [3, 12, 5],
  data: Float32Array.from({ length: 180 }, (_, i) => Math.sin(i)),
} as const;
const emulated = { RMSNORM_CUDA_DEVICE: 'emulated' };
const here = await cuda({ device: 'emulated' }).probe();
const noAddon = `no addon: nvcc and g++ build it (${here.ok ? '' : here.reason})`;

test('--backend cuda normalizes on the device of the environment', async ({ skip }) => {
  if (!here.ok) return lacking(skip, noAddon);
  writeNpy(join(folder, 'x.npy'), x);
  const run = await rmsnorm(folder, 'run x.npy -o y.npy --dim 12 --backend cuda --json', emulated);
  expect([run.code, run.stderr]).toEqual([0, '']);
  expect(JSON.parse(run.stdout)).toMatchObject({ backend: { name: 'cuda', device: 'emulated sm_90' } });
  const exact = await new RMSNorm(12).apply(x, await reference().create());
  const y = readNpy(join(folder, 'y.npy'));
  expect(y.shape).toEqual([3, 12, 5]);
  // 4 ulp are the contract's; the suite holds the kernels to it.
  for (let i = 0; i < 180; i++) expect(y.data[i]).toBeCloseTo(exact.data[i]!, 6);
});

test('auto does not take an emulated device, and says so; by name it works', async ({ skip }) => {
  if (!here.ok) return lacking(skip, noAddon);
  writeNpy(join(folder, 'a.npy'), x);
  const run = await rmsnorm(folder, 'run a.npy -o b.npy --dim 12 --json', emulated);
  const { backend } = JSON.parse(run.stdout);
  expect(backend.name).toBe('wasm');
  expect(backend.probes[0]).toMatchObject({
    name: 'cuda',
    code: 'NO_DEVICE',
    reason: expect.stringMatching(/emulated/),
  });
  const doctor = await rmsnorm(folder, 'doctor', { RMSNORM_CUDA_DEVICE: 'emulated sm_80' });
  expect(doctor.stderr).toBe('');
  expect(doctor.stdout).toMatch(/^ {2}cuda +ok +emulated sm_80, on the processor, so that auto passes it over$/m);
  expect(doctor.stdout).toMatch(/^--backend auto takes wasm$/m);
});

test('verify cuda runs the suite on it', async ({ skip }) => {
  if (!here.ok) return lacking(skip, noAddon);
  const { code, stdout } = await rmsnorm(folder, 'verify cuda --filter backend/lifecycle', emulated);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/cuda \(emulated.*\d+ passed, 0 failed/s)]);
});

test.each([
  ['7', new RegExp(`cuda +(${NO_CUDA.source})`)],
  ['gpu', /cuda +INVALID_OPTION +RMSNORM_CUDA_DEVICE: device is the number of a GPU.*got 'gpu'/],
])('RMSNORM_CUDA_DEVICE=%s: doctor says what is wrong', async (device, message) => {
  const { code, stdout, stderr } = await rmsnorm(folder, 'doctor', { RMSNORM_CUDA_DEVICE: device });
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(message);
  const run = await rmsnorm(folder, 'verify cuda --filter backend/lifecycle', { RMSNORM_CUDA_DEVICE: device });
  expect(run.code).toBe(1);
});
