import { testBackend } from '@rmsnorm/conformance/vitest';
import type { BackendProvider } from '@rmsnorm/core';
import { nodeWebGPU } from '../node-webgpu.ts';
import { plainBackend } from './plain-driver.ts';

/** The suite's many rows, on a device with smaller limits than any real one has: what else takes gigabytes to see. */
function provider(limits: Parameters<typeof plainBackend>[0]): BackendProvider {
  return { ...nodeWebGPU(), create: () => plainBackend(limits) };
}

const manyRows = (id: string): boolean => /\/values:.*shape=(257x20|513x33|65537x3|257x2x130)$/.test(id);

// 513 rows of 33: in parts of a few hundred rows.
testBackend(provider({ limits: { maxStorageBufferBindingSize: 67_000 } }), {
  filter: (id) => manyRows(id) && !id.includes('65537'),
});

// Grids of several rows, the last not full.
testBackend(provider({ limits: { maxComputeWorkgroupsPerDimension: 7 } }), { filter: manyRows });

// Sums over rows, in parts.
testBackend(provider({ limits: { maxStorageBufferBindingSize: 133_000 } }), {
  filter: (id) => /backward\/many-rows:.*shape=(300x4x129|8193x64|4100)/.test(id),
});
