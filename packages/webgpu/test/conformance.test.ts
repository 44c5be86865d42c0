import { testBackend } from '@rmsnorm/conformance/vitest';
import { isInThisRun } from './covering/covering.ts';
import { isFused, TIMEOUT } from './halves.ts';
import { nodeWebGPU } from './node-webgpu.ts';

testBackend(nodeWebGPU(), { filter: (id) => isInThisRun(id) && !isFused(id), timeout: TIMEOUT });
