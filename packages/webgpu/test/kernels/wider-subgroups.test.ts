import { testBackend } from '@rmsnorm/conformance/vitest';
import { isInThisRun } from '../covering/covering.ts';
import { TIMEOUT } from '../halves.ts';
import { nodeWebGPU } from '../node-webgpu.ts';
import { plainBackend } from './plain-driver.ts';

// The kernels that a GPU gets, whose subgroups may be wider than SwiftShader's four: on cases of every layout.
testBackend(
  { ...nodeWebGPU(), create: () => plainBackend({ subgroups: { least: 4, most: 32 } }) },
  {
    filter: (id) => isInThisRun(id) && /\/(traps|two-steps|many-rows|sums|rows|groups|channels-first)\b/.test(id),
    timeout: TIMEOUT,
  },
);
