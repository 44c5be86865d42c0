import { join } from 'node:path';
import { RMSNorm, reference } from '@rmsnorm/core';
import { beforeAll, expect, test } from 'vitest';
import { lacking } from '../../../.ci/requirements.ts';
import { swiftShader } from '../../../.ci/swiftshader.ts';
import { newFolder, readNpy, rmsnorm, writeNpy } from './rmsnorm.ts';

let folder = '';
beforeAll(() => {
  folder = newFolder();
});

const x = {
  dtype: 'float32',
  shape: [3, 12, 5],
  data: Float32Array.from({ length: 180 }, (_, i) => Math.sin(i)),
} as const;
const driver = { VK_ICD_FILENAMES: swiftShader ?? '' };
const noDriver = 'no Vulkan driver in software: install chromium and libvulkan1 (Debian)';

test('--backend webgpu normalizes on the Vulkan driver of the environment', async ({ skip }) => {
  if (!swiftShader) return lacking(skip, noDriver);
  writeNpy(join(folder, 'x.npy'), x);
  const { code, stdout, stderr } = await rmsnorm(folder, 'run x.npy -o y.npy --dim 12 --backend webgpu --json', driver);
  expect([code, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout)).toMatchObject({
    backend: { name: 'webgpu', device: expect.stringContaining('swiftshader') },
  });
  const exact = await new RMSNorm(12).apply(x, await reference().create());
  const y = readNpy(join(folder, 'y.npy'));
  expect(y.shape).toEqual([3, 12, 5]);
  // 6 ulp are the contract's; the suite holds the kernels to it.
  for (let i = 0; i < 180; i++) expect(y.data[i]).toBeCloseTo(exact.data[i]!, 5);
});

test('auto does not take a software adapter, and says so; by name it works', async ({ skip }) => {
  if (!swiftShader) return lacking(skip, noDriver);
  writeNpy(join(folder, 'a.npy'), x);
  const run = await rmsnorm(folder, 'run a.npy -o b.npy --dim 12 --json', driver);
  const { backend } = JSON.parse(run.stdout);
  expect(backend.name).toBe('wasm');
  expect(backend.probes[1]).toMatchObject({
    name: 'webgpu',
    code: 'NO_ADAPTER',
    reason: expect.stringMatching(/only a software adapter/),
  });
  const doctor = await rmsnorm(folder, 'doctor', driver);
  expect(doctor.stderr).toBe('');
  expect(doctor.stdout).toMatch(/^ {2}webgpu +ok +.*swiftshader.*, in software, so that auto passes it over$/m);
  expect(doctor.stdout).toMatch(/^--backend auto takes wasm$/m);
});

test('verify webgpu runs the suite on it', async ({ skip }) => {
  if (!swiftShader) return lacking(skip, noDriver);
  const { code, stdout } = await rmsnorm(folder, 'verify webgpu --filter backend/lifecycle', driver);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/webgpu \(.*\d+ passed, 0 failed/s)]);
});

test('without a Vulkan driver it says what is missing, and nothing else', async ({ skip }) => {
  if (process.platform !== 'linux') skip('the loader of Vulkan drivers is looked for on Linux alone');
  // Where neither the system nor the user has one.
  const empty = { HOME: folder };
  writeNpy(join(folder, 'c.npy'), x);
  const { code, stderr } = await rmsnorm(folder, 'run c.npy -o d.npy --dim 12 --backend webgpu', empty);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^RMSNORM_NO_BACKEND: .*\n {2}webgpu {2}NO_ADAPTER {2}no Vulkan driver found: install .*VK_ICD_FILENAMES.*\n$/,
  );
});
