import '@tensorflow/tfjs-backend-cpu';
import type { Entrant } from '../candidate.ts';
import { tfjs } from './tfjs.ts';

export const tfjsCpu: Entrant = {
  name: 'tfjs-cpu',
  does: 'norm',
  about: 'TensorFlow.js, plain JavaScript: the same operations, on one thread whatever is allowed',
  create: (work) => tfjs('cpu', work),
};
