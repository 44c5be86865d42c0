import type { FloatDType } from '@rmsnorm/core';

/** Element types that are read from files; float64 of gamma and beta alone. */
export type FileDType = FloatDType | 'float64';

const BYTES: Readonly<Record<FileDType, number>> = { float64: 8, float32: 4, float16: 2, bfloat16: 2 };

export function bytesPerFileElement(dtype: FileDType): number {
  return BYTES[dtype];
}

/** The number of elements of a shape in a file; NaN where it is too large for an integer. */
export function countOf(shape: readonly number[]): number {
  if (shape.includes(0)) return 0;
  let count = 1;
  for (const length of shape) {
    count *= length;
    if (!Number.isSafeInteger(count)) return Number.NaN;
  }
  return count;
}
