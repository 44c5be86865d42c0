import { testBackend } from '@rmsnorm/conformance/vitest';
import { cuda } from '@rmsnorm/cuda';

/** What an A100, without clusters, does in another way, or might: wide rows and tall tensors. And what is quick and broad. */
const part = /\d{5}|many-rows|golden|traps|properties|first-example/;

testBackend(cuda({ device: 'emulated sm_80' }), { filter: (id) => part.test(id) });
