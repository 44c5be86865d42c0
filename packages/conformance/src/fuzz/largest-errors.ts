import type { DType, FloatDType, Op } from '@rmsnorm/core';
import { FORMATS, round, ulp } from '../inputs/formats.ts';

/** The largest error of one output of an operation. */
export interface LargestError {
  readonly op: Op;
  /** Of x. */
  readonly dtype: FloatDType;
  /** `y`, `dx`, ... */
  readonly output: string;
  /**
   * What the contract bounds: ulp of float32 before the rounding to a 16-bit type; of the gradients 2^-24 of the
   * magnitudes that their bound names.
   */
  readonly error: number;
}

/**
 * How far a result must at least have been from `exact` before it was rounded to `dtype`, in `unit`s. For a 16-bit result
 * that is nothing where it is the nearest number, else the distance to the tie that it is on the wrong side of.
 */
export function errorBeforeRounding(dtype: FloatDType, got: number, exact: number, unit: number): number {
  if (got === exact) return 0;
  if (dtype === 'float32') return Math.abs(got - exact) / unit;
  const format = FORMATS[dtype];
  if (round(format, exact) === got) return 0;
  // A little more than half a step towards the exact value: the neighbour on that side, below a power of two as well.
  const neighbour = round(format, got + Math.sign(exact - got) * ulp(format, got) * 0.51);
  return Math.abs((got + neighbour) / 2 - exact) / unit;
}

/** Collects the largest errors of many calls, of finite results alone. */
export class LargestErrors {
  readonly #largest = new Map<string, LargestError>();

  add(op: Op, dtype: FloatDType, output: string, stored: DType, got: number, exact: number, unit: number): void {
    if (!Number.isFinite(got) || stored === 'int8') return;
    const error = errorBeforeRounding(stored, got, exact, unit);
    const key = `${op}/${output}/${dtype}`;
    if (error >= (this.#largest.get(key)?.error ?? 0)) this.#largest.set(key, { op, dtype, output, error });
  }

  list(): LargestError[] {
    return [...this.#largest.values()];
  }
}
