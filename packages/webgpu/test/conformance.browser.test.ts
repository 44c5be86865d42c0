import { testBackend } from '@rmsnorm/conformance/vitest';
import { webgpu } from '@rmsnorm/webgpu';

testBackend(webgpu());
