import type { Entrant } from '../candidate.ts';
import { jax } from './jax.ts';

export const jaxWebgpu: Entrant = {
  name: 'jax-webgpu',
  does: 'norm',
  about: 'jax-js, WebGPU: jit of the same operations, arrays on its device',
  create: (work) => jax('webgpu', work),
};
