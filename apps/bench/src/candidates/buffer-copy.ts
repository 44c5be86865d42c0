import type { Entrant } from '../candidate.ts';
import { type CopyOn, gpuCopy } from './gpu-copy.ts';

export const copyByBuffer: CopyOn = () => (from, to) => (encoder) =>
  encoder.copyBufferToBuffer(from, 0, to, 0, from.size);

export const bufferCopy: Entrant = {
  name: 'buffer-copy',
  does: 'copy',
  about: 'copyBufferToBuffer on as many bytes',
  create: (work) => gpuCopy(work, copyByBuffer),
};
