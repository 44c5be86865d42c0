import { testBackend } from '@rmsnorm/conformance/vitest';
import { isFused } from './halves.ts';
import { nodeWebGPU } from './node-webgpu.ts';

testBackend(nodeWebGPU(), { filter: (id) => !isFused(id) });
