import type { FloatDType } from '@rmsnorm/core';
import { decoded } from './decoded.ts';
import type { Workload } from './workload.ts';

/**
 * Relative error up to which a candidate counts as having done the same work: peers round more often than we do. How
 * exact our own backends are, the conformance suite says.
 */
const TOLERANCE: Readonly<Record<FloatDType, number>> = { float32: 1e-5, float16: 2 ** -9, bfloat16: 2 ** -6 };

/** Says what is wrong with the result of a norm, or of a copy; null where all of it is right. */
export function mistakeIn(
  y: Float32Array | Uint16Array,
  does: 'norm' | 'copy',
  { expected: normed, x, dtype }: Workload,
): string | null {
  const expected = does === 'norm' ? normed : decoded(x, dtype);
  if (y.length !== expected.length) return `${y.length} elements, not ${expected.length}`;
  const values = decoded(y, dtype);
  const tolerance = TOLERANCE[dtype];
  for (let i = 0; i < values.length; i++) {
    const right = expected[i]!;
    // Written so that a NaN is a mistake.
    if (!(Math.abs(values[i]! - right) <= tolerance * Math.abs(right) + 1e-7)) {
      return `element ${i} is ${values[i]}, not ${right}`;
    }
  }
  return null;
}
