import type { Entrant } from '../candidate.ts';
import { gpuCopy } from './gpu-copy.ts';

export const bufferCopy: Entrant = {
  name: 'buffer-copy',
  does: 'copy',
  about: 'copyBufferToBuffer on as many bytes',
  create: (work) => gpuCopy(work, (_, from, to) => (encoder) => encoder.copyBufferToBuffer(from, 0, to, 0, from.size)),
};
