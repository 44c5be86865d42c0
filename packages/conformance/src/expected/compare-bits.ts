import type { DType } from '@rmsnorm/core';
import { ConformanceFailure } from '../case/failure.ts';
import { noteComparison } from './comparisons.ts';

/**
 * Holds two results that must be the same bit for bit.
 * @throws ConformanceFailure
 */
export function compareBits(got: ArrayLike<number>, expected: ArrayLike<number>, dtype: DType, what: string): void {
  if (got.length !== expected.length) {
    throw new ConformanceFailure(`${what}: ${got.length} elements, not ${expected.length}`);
  }
  noteComparison({
    what,
    shape: [got.length],
    got,
    expected: (flat) => expected[flat]!,
    bound: 'the same bits',
  });
  let differing = 0;
  let first = -1;
  for (let i = 0; i < got.length; i++) {
    if (Object.is(got[i], expected[i])) continue;
    differing++;
    if (first < 0) first = i;
  }
  if (first >= 0) {
    throw new ConformanceFailure(
      `${what}: ${differing} of ${got.length} elements differ, the first at ${first}: ${got[first]} against ${expected[first]} (${dtype})`,
    );
  }
}
