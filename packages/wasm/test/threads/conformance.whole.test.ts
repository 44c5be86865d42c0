import { testBackend } from '@rmsnorm/conformance/vitest';
import { wasm } from '@rmsnorm/wasm';
import { threads } from '@rmsnorm/wasm/threads';

testBackend(wasm({ threads: threads(2) }));
