import type { Entrant } from '../candidate.ts';
import { heapCopy } from './heap-copy.ts';

export const plainCopy: Entrant = {
  name: 'plain-copy',
  does: 'copy',
  about: 'the same loop as one would write it, a vector a step: half as fast within the first-level cache',
  create: (work) => heapCopy(work, 'plainCopy'),
};
