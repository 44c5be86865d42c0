import { webgpu } from '@rmsnorm/webgpu';
import { expect, test } from 'vitest';
import { numbersIn, runExample } from './run-example.ts';

const gpu = await import('webgpu').then(
  ({ create }) => create([]),
  () => undefined,
);
const probe = await webgpu({ gpu }).probe();

test('share-webgpu-device: one submit for the passes of both, and a device that outlives the backend', ({ skip }) => {
  if (!probe.ok) {
    const why = `${probe.code}: ${probe.reason}${probe.hint ? ` (${probe.hint})` : ''}`;
    if ((process.env.RMSNORM_REQUIRE ?? '').split(',').includes('webgpu')) throw new Error(why);
    return skip(why);
  }
  const { status, stdout, stderr } = runExample('share-webgpu-device');
  expect([stderr, status], stdout).toEqual(['', 0]);
  expect(stdout).toMatch(/^\[32,1024\] on \S/m);
  expect(numbersIn(stdout, /^largest error: (\S+) ulp/m)[0]).toBeLessThanOrEqual(6);
  expect(stdout).toMatch(/the backend is disposed, the buffer still holds the same values\n$/);
});

test('share-webgpu-device says in one line that there is no WebGPU', ({ skip }) => {
  if (process.platform !== 'linux') return skip('only the Vulkan loader of Linux can be told to find no driver');
  const noDriver = { VK_ICD_FILENAMES: '/no/driver.json', VK_DRIVER_FILES: '/no/driver.json' };
  const { status, stdout } = runExample('share-webgpu-device', { ...process.env, ...noDriver });
  expect(status).toBe(0);
  expect(stdout).toMatch(/^No WebGPU here: .+\n$/);
});
