import { setThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import type { Entrant } from '../candidate.ts';
import { tfjs } from './tfjs.ts';

export const tfjsWasm: Entrant = {
  name: 'tfjs-wasm',
  does: 'norm',
  about:
    'TensorFlow.js, WASM with SIMD: mul(mul(x, rsqrt(add(mean(square(x)), eps))), gamma); end to end tensor() and data()',
  create: (work) => {
    setThreadsCount(work.threads);
    return tfjs('wasm', work);
  },
};
