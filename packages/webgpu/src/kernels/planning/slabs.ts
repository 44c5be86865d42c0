import { RMSNormError } from '@rmsnorm/core';
import type { Capabilities } from '../../plan.ts';
import type { KernelProblem } from '../problem.ts';

/** Successive *slabs*, each one [size, inner] of a tensor [outer, groups, size, inner]. */
export interface SlabRange {
  /** The first, of [outer * groups]. */
  readonly first: number;
  readonly count: number;
}

/** Bytes of a buffer for each slab, by its name; buffers that are not named belong to all slabs. */
export type BytesPerSlab = Readonly<Record<string, number>>;

/**
 * The slabs of a problem in as few ranges as bindings allow: each buffer's range fits into a binding, and starts at a
 * multiple of what offsets must be.
 *
 * @param together how many slabs must stay together: a range has a multiple of them
 * @throws RMSNormError UNSUPPORTED where not even the least range fits
 */
export function slabRanges(
  { outer, groups, size, inner, dtype }: KernelProblem,
  { limits }: Capabilities,
  buffers: BytesPerSlab,
  together = 1,
): SlabRange[] {
  const slabs = outer * groups;
  const sizes = Object.values(buffers);
  const most = Math.floor(limits.maxStorageBufferBindingSize / Math.max(...sizes));
  if (slabs <= most) return [{ first: 0, count: slabs }];

  const alignment = limits.minStorageBufferOffsetAlignment;
  // One of several slabs that stay together may have a fraction of a byte; all of them together have none.
  const bytesTogether = sizes.map((bytes) => Math.round(bytes * together));
  const step =
    together *
    bytesTogether.reduce((least, bytes) => leastCommonMultiple(least, alignment / divisor(bytes, alignment)), 1);
  const each = Math.floor(most / step) * step;
  if (each === 0) {
    throw new RMSNormError(
      'UNSUPPORTED',
      `[${outer}, ${groups}, ${size}, ${inner}] ${dtype} needs bindings of ${Math.min(step, slabs) * Math.max(...sizes)} bytes, ` +
        `the device's maxStorageBufferBindingSize is ${limits.maxStorageBufferBindingSize}: use a device made with a ` +
        'larger limit, or smaller tensors',
    );
  }
  return Array.from({ length: Math.ceil(slabs / each) }, (_, i) => ({
    first: i * each,
    count: Math.min(each, slabs - i * each),
  }));
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}

function leastCommonMultiple(a: number, b: number): number {
  return (a / divisor(a, b)) * b;
}
