import type { Entrant } from '../candidate.ts';
import { jax } from './jax.ts';

export const jaxWasm: Entrant = {
  name: 'jax-wasm',
  does: 'norm',
  about: 'jax-js, WASM: jit of the same operations, for backward of their vjp',
  create: (work) => {
    // jax-js allocated memory for one thread, as Node has no global Worker. onnxruntime-web sets one later; jax-js would
    // then compile for shared memory, and fail.
    if ('process' in globalThis) Reflect.deleteProperty(globalThis, 'Worker');
    return jax('wasm', work);
  },
};
