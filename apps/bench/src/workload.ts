import { bytesPerElement, encode, type FloatDType, resolveOptions } from '@rmsnorm/core';
import { exactRows } from './exact-rows.ts';
import type { BenchShape } from './shapes.ts';

/** Where the tensors lie: in the candidate's own memory, or in arrays outside of it, in and out. */
export type Place = 'resident' | 'outside';

/** One row of a table: a size and a dtype, with its input and the right answer. */
export interface Workload {
  /** `resident/float32/64x4096`. */
  readonly id: string;
  readonly place: Place;
  readonly dtype: FloatDType;
  readonly shape: BenchShape;
  /** Bytes of x and of y together: what a copy moves. */
  readonly bytesMoved: number;
  readonly eps: number;
  readonly x: Float32Array | Uint16Array;
  /** float32; every value is exact in all three dtypes. */
  readonly gamma: Float32Array;
  /** y in float64 arithmetic, rounded to float32. */
  readonly expected: Float32Array;
}

export function workloadId(place: Place, dtype: FloatDType, shape: BenchShape): string {
  return `${place}/${dtype}/${shape.id}`;
}

export function makeWorkload(place: Place, dtype: FloatDType, shape: BenchShape): Workload {
  const { eps, features } = resolveOptions(shape.options);
  const values = uniform(shape.elements);
  const x = dtype === 'float32' ? values : encode(values, dtype);
  const gamma = Float32Array.from({ length: features }, (_, i) => 0.5 + ((i * 37) % 64) / 64);
  return {
    id: workloadId(place, dtype, shape),
    place,
    dtype,
    shape,
    bytesMoved: 2 * shape.elements * bytesPerElement(dtype),
    eps,
    x,
    gamma,
    expected: exactRows(x, dtype, gamma, shape.layout, eps),
  };
}

/** Values in [-1, 1) of a fixed sequence (the 32-bit generator of Numerical Recipes). */
function uniform(length: number): Float32Array {
  const values = new Float32Array(length);
  let state = 12345;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    values[i] = state / 2 ** 31;
  }
  return values;
}
