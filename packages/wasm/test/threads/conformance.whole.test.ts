import { testBackend } from '@rmsnorm/conformance/vitest';
import { wasm } from '@rmsnorm/wasm';

testBackend(wasm({ threads: 2 }));
