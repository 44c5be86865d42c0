import type { Entrant } from '../candidate.ts';
import { heapCopy } from './heap-copy.ts';

export const simdCopy: Entrant = {
  name: 'simd-copy',
  does: 'copy',
  about: 'the ceiling: a plain SIMD copy loop inside a WASM heap that moves as many bytes',
  create: (work) => heapCopy(work, 'simdCopy'),
};
