import { bfloat16Value, type FloatDType, float16Value } from '@rmsnorm/core';
import type { Chunk } from './chunks.ts';

/** RMS over rows: how rows differ, in three numbers. */
export interface RmsRange {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export interface RowRms {
  readonly rows: number;
  /** How many of them were looked at. */
  readonly sampled: number;
  /** Sampled rows with a NaN or an infinity; they are not in the ranges. */
  readonly nonFinite: { readonly before: number; readonly after: number };
  /** null where no sampled row is finite, or there is none. */
  readonly before: RmsRange | null;
  readonly after: RmsRange | null;
}

/** Looking at an element takes JavaScript longer than normalizing it: of more than this, evenly spread rows are taken. */
const MAX_ELEMENTS = 1 << 20;

/** Collects the RMS of rows, before and after, while chunks pass by. */
export class RowRmsSampler {
  readonly #rows: number;
  readonly #size: number;
  readonly #dtype: FloatDType;
  readonly #step: number;
  readonly #before: number[] = [];
  readonly #after: number[] = [];
  #toNext = 0;

  /** Of `rows` rows of `size` elements in all. */
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
    if (this.#dtype === 'float32') return element;
    return this.#dtype === 'float16' ? float16Value(element) : bfloat16Value(element);
  }
}

function nonFinite(values: readonly number[]): number {
  return values.filter((value) => !Number.isFinite(value)).length;
}

function rangeOf(values: readonly number[]): RmsRange | null {
  const sorted = Float64Array.from(values.filter(Number.isFinite)).sort();
  if (sorted.length === 0) return null;
  const middle = (sorted.length - 1) / 2;
  return {
    min: sorted[0]!,
    median: (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2,
    max: sorted.at(-1)!,
  };
}
