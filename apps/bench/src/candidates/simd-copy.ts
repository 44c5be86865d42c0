import type { Entrant } from '../candidate.ts';
import { heapCopy } from './heap-copy.ts';

export const simdCopy: Entrant = {
  name: 'simd-copy',
  does: 'copy',
  about: 'the ceiling: a SIMD copy loop inside a WASM heap, four vectors a step, that moves as many bytes',
  create: (work) => heapCopy(work, 'simdCopy'),
};
