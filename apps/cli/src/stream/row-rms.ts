import { bfloat16Value, type FloatDType, float16Value } from '@rmsnorm/core';
import { medianOfSorted } from '../median.ts';
import type { Chunk } from './chunks.ts';

/** The RMS of rows: how they differ, in three numbers. */
export interface RmsRange {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export interface RowRms {
  readonly rows: number;
  /** How many of them were sampled. */
  readonly sampled: number;
  /** Sampled rows with a NaN or an infinity; they are not in the ranges. */
  readonly nonFinite: { readonly before: number; readonly after: number };
  /** null where no sampled row is finite, or there is none. */
  readonly before: RmsRange | null;
  readonly after: RmsRange | null;
}

/**
 * JavaScript takes longer to read an element than the backend to normalize it. Of more than this, rows are sampled
 * evenly.
 */
const MAX_ELEMENTS = 1 << 20;

/** Collects the RMS of rows, before and after their normalization, chunk by chunk. */
export class RowRmsSampler {
  readonly #rows: number;
  readonly #size: number;
  readonly #dtype: FloatDType;
  readonly #step: number;
  readonly #before: number[] = [];
  readonly #after: number[] = [];
  #toNext = 0;

  /** For `rows` rows of `size` elements. */
  constructor(rows: number, size: number, dtype: FloatDType) {
    this.#rows = rows;
    this.#size = size;
    this.#dtype = dtype;
    this.#step = Math.max(1, Math.ceil((rows * size) / MAX_ELEMENTS));
  }

  add(chunk: Chunk, x: Float32Array | Uint16Array, y: Float32Array | Uint16Array): void {
    const rows = chunk.outers * chunk.groups * chunk.width;
    let row = this.#toNext;
    for (; row < rows; row += this.#step) {
      const start = Math.floor(row / chunk.width) * this.#size * chunk.width + (row % chunk.width);
      this.#before.push(this.#rms(x, start, chunk.width));
      this.#after.push(this.#rms(y, start, chunk.width));
    }
    this.#toNext = row - rows;
  }

  result(): RowRms {
    return {
      rows: this.#rows,
      sampled: this.#before.length,
      nonFinite: { before: nonFinite(this.#before), after: nonFinite(this.#after) },
      before: rangeOf(this.#before),
      after: rangeOf(this.#after),
    };
  }

  #rms(data: Float32Array | Uint16Array, start: number, stride: number): number {
    let sum = 0;
    for (let i = 0, at = start; i < this.#size; i++, at += stride) {
      const value = this.#value(data[at]!);
      sum += value * value;
    }
    return Math.sqrt(sum / this.#size);
  }

  #value(element: number): number {
    const dtype = this.#dtype;
    switch (dtype) {
      case 'float32':
        return element;
      case 'float16':
        return float16Value(element);
      case 'bfloat16':
        return bfloat16Value(element);
      default:
        throw new Error(`no value is known of ${dtype satisfies never}`);
    }
  }
}

function nonFinite(values: readonly number[]): number {
  return values.filter((value) => !Number.isFinite(value)).length;
}

function rangeOf(values: readonly number[]): RmsRange | null {
  const sorted = Float64Array.from(values.filter(Number.isFinite)).sort();
  if (sorted.length === 0) return null;
  return { min: sorted[0]!, median: medianOfSorted(sorted), max: sorted.at(-1)! };
}
