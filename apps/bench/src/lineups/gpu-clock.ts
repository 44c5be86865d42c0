import {
  bufferCopyOnGPUClock,
  rmsnormByBits,
  rmsnormOnGPUClock,
  rmsnormWithoutSubgroups,
  wgslCopyOnGPUClock,
} from '../candidates/on-gpu-clock.ts';
import type { Lineup } from './lineup.ts';

/** Our kernels, copies, and our kernels without the features that some devices lack. */
export const GPU_CLOCK: Lineup = ({ dtype }) => [
  rmsnormOnGPUClock,
  bufferCopyOnGPUClock,
  wgslCopyOnGPUClock,
  ...(dtype === 'float16' ? [rmsnormByBits] : []),
  rmsnormWithoutSubgroups,
];
