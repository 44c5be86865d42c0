import { existsSync, readdirSync } from 'node:fs';
import { testBackend } from '@rmsnorm/conformance/vitest';
import { test } from 'vitest';
import { TIMEOUT } from './halves.ts';

// Mesa's driver in software has what SwiftShader has not: shader-f16, and subgroups of eight. Cases that it compiles in
// little time. Where it is missing (.ci/run installs it), one skipped test says so.
const FOLDER = '/usr/share/vulkan/icd.d';
const driver = existsSync(FOLDER) && readdirSync(FOLDER).find((name) => name.startsWith('lvp_icd'));
// Before Dawn looks for drivers.
if (driver) process.env.VK_ICD_FILENAMES = `${FOLDER}/${driver}`;
const { gpu, nodeWebGPU } = await import('./node-webgpu.ts');
const adapter = driver ? await gpu?.requestAdapter() : null;

if (adapter?.features.has('shader-f16')) {
  testBackend(nodeWebGPU(), {
    filter: (id) =>
      id.includes('dtype=float16') &&
      /^forward\/(values|channels-first|groups|golden|extremes|rounding):|\/two-steps:/.test(id) &&
      // Half a minute each to compile.
      !/2x512x4x4|3x4099/.test(id),
    timeout: TIMEOUT,
  });
} else {
  test('shader-f16 on llvmpipe', ({ skip }) => {
    skip('Mesa 25 or later is not installed: its package is mesa-vulkan-drivers, in Debian 12 from backports');
  });
}
