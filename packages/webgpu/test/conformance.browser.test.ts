import { testBackend } from '@rmsnorm/conformance/vitest';
import { webgpu } from '@rmsnorm/webgpu';
import { isFused } from './halves.ts';

testBackend(webgpu(), { filter: (id) => !isFused(id) });
