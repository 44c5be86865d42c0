import type { Entrant } from '../candidate.ts';
import { heapCopy } from './heap-copy.ts';

export const memoryCopy: Entrant = {
  name: 'memory.copy',
  does: 'copy',
  about: "the memory.copy instruction inside a WASM heap (the engine's memcpy), on as many bytes",
  create: (work) => heapCopy(work, 'memoryCopy'),
};
