import type { Entrant } from '../candidate.ts';
import { jax } from './jax.ts';

export const jaxWasm: Entrant = {
  name: 'jax-wasm',
  does: 'norm',
  about: 'jax-js, WASM: jit of the same operations, for backward of their vjp',
  create: (work) => {
    // Node has no global Worker, and jax-js took memory for one thread. onnxruntime-web sets one later, and jax-js would
    // compile for shared memory from then on, and fail.
    if ('process' in globalThis) Reflect.deleteProperty(globalThis, 'Worker');
    return jax('wasm', work);
  },
};
