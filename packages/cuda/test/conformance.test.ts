import { testBackend } from '@rmsnorm/conformance/vitest';
import { cuda } from '@rmsnorm/cuda';

testBackend(cuda({ device: 'emulated' }));
