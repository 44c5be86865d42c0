import { testBackend } from '@rmsnorm/conformance/vitest';
import { isInThisRun } from './covering/covering.ts';
import { TIMEOUT } from './halves.ts';
import { nodeWebGPU } from './node-webgpu.ts';

// As on a device without subgroups, on cases that go through every family of kernels: the whole suite runs with them.
testBackend(nodeWebGPU({ subgroups: false, f16: false }), {
  filter: (id) =>
    isInThisRun(id) &&
    /\/(traps|golden|two-steps|gates|many-rows|sums|statistics|rows|groups|channels-first)\b/.test(id),
  timeout: TIMEOUT,
});
