import { testBackend } from '@rmsnorm/conformance/vitest';
import { nodeWebGPU } from './node-webgpu.ts';

testBackend(nodeWebGPU());
