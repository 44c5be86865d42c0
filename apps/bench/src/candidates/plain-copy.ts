import type { Entrant } from '../candidate.ts';
import { heapCopy } from './heap-copy.ts';

export const plainCopy: Entrant = {
  name: 'plain-copy',
  does: 'copy',
  about: 'the same loop as one writes it, a vector a step: within the caches about half as fast',
  create: (work) => heapCopy(work, 'plainCopy'),
};
