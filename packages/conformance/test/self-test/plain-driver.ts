import {
  type Driver,
  decode,
  encode,
  FLOAT_DTYPES,
  type FloatDType,
  type ForwardIO,
  type HostForwardIO,
  type Problem,
  RMSNormError,
  roundTo,
  type Supports,
} from '@rmsnorm/core';
import { unreachable } from '../../src/unreachable.ts';
import { Heap } from './heap.ts';

const { fround } = Math;

export const EVERYTHING: Supports = {
  ops: ['forward'],
  dtypes: FLOAT_DTYPES,
  accuracy: 'ieee',
  features: ['inner', 'groups', 'partial', 'clamp', 'beta', 'weightOffset', 'llama', 'rstd'],
  promises: ['extremes', 'nonFinite', 'subnormals', 'invariance'],
};

/** One row of a launch: `[outer, group, inner]` is its place, its elements lie `stride` apart from `start` on. */
export interface Row {
  readonly index: number;
  readonly group: number;
  readonly start: number;
  readonly stride: number;
}

/** What a row's elements are multiplied by: `(x * scale) * factor`. */
export interface Statistic {
  /** A power of two; 1 but for extreme rows. */
  readonly scale: number;
  /** alpha / root, of the scaled row. */
  readonly factor: number;
  /** r / alpha of the row itself. */
  readonly rstd: number;
}

/** The arrays of one launch on the host, 16-bit types decoded. */
export interface Operands {
  readonly x: Float32Array;
  readonly gamma: Float32Array | null;
  readonly beta: Float32Array | null;
  readonly rstd: Float32Array | null;
}

/**
 * A correct driver in float32 arithmetic, as plain as can be, in steps small enough that a wrong driver replaces one of
 * them. It declares and promises everything.
 */
export class PlainDriver implements Driver<Uint8Array> {
  readonly name: string = 'plain';
  readonly device: string = 'one loop on the CPU';
  readonly supports: Supports = EVERYTHING;
  protected readonly heap: Heap = new Heap();
  protected readonly adopted: WeakSet<Uint8Array> = new WeakSet();

  alloc(bytes: number): Uint8Array {
    return this.heap.alloc(bytes);
  }

  free(block: Uint8Array): void {
    if (!this.adopted.delete(block)) this.heap.free(block);
  }

  view(block: Uint8Array): Uint8Array {
    return block;
  }

  write(block: Uint8Array, bytes: Uint8Array): void {
    block.set(bytes);
  }

  async read(block: Uint8Array, into: Uint8Array): Promise<void> {
    into.set(block.subarray(0, into.length));
  }

  adopt(handle: unknown, bytes: number): Uint8Array {
    if (!(handle instanceof Uint8Array) || handle.length < bytes) {
      throw new RMSNormError('SHAPE', `a handle is a Uint8Array of at least ${bytes} bytes, this is ${String(handle)}`);
    }
    if (handle.byteOffset % 4 !== 0) {
      throw new RMSNormError('ALIGNMENT', `the handle begins at byte ${handle.byteOffset}: a multiple of 4 is needed`);
    }
    const block = handle.subarray();
    this.adopted.add(block);
    return block;
  }

  dispose(): void {}

  forward(p: Problem, io: ForwardIO<Uint8Array>): void {
    const y = this.normalize(p, {
      x: this.load(io.x, p.dtype, countElements(p)),
      gamma: io.gamma && this.load(io.gamma, 'float32', p.groups * p.size),
      beta: io.beta && this.load(io.beta, 'float32', p.groups * p.size),
      rstd: io.rstd && floats(io.rstd, countRows(p)),
    });
    this.store(io.y, p.dtype, y);
  }

  async hostForward(p: Problem, io: HostForwardIO): Promise<void> {
    const x = this.load(io.x, p.dtype, countElements(p));
    this.store(io.y, p.dtype, this.normalize(p, { x, gamma: io.gamma, beta: io.beta, rstd: null }));
  }

  load(block: Uint8Array, dtype: FloatDType, count: number): Float32Array {
    return decode(dtype === 'float32' ? floats(block, count) : halves(block, count), dtype);
  }

  store(block: Uint8Array, dtype: FloatDType, values: Float32Array): void {
    if (dtype === 'float32') floats(block, values.length).set(values);
    else halves(block, values.length).set(encode(values, dtype));
  }

  /** All rows; the result is float32, not yet rounded to a 16-bit dtype. */
  normalize(p: Problem, operands: Operands): Float32Array {
    const y = new Float32Array(operands.x.length);
    for (let index = 0; index < countRows(p); index++) this.normalizeRow(p, operands, this.locate(p, index), y);
    return y;
  }

  locate(p: Problem, index: number): Row {
    const inner = index % p.inner;
    const block = Math.floor(index / p.inner);
    return { index, group: block % p.groups, start: block * p.size * p.inner + inner, stride: p.inner };
  }

  normalizeRow(p: Problem, { x, gamma, beta, rstd }: Operands, row: Row, y: Float32Array): void {
    const elements = new Float32Array(p.size);
    for (let i = 0; i < p.size; i++) elements[i] = x[row.start + i * row.stride]!;
    const statistic = this.statistic(p, elements, row);
    if (rstd) rstd[row.index] = this.rstd(p, statistic);
    for (let i = 0; i < p.size; i++) {
      const feature = this.feature(p, row, i);
      const normed = this.normed(p, elements[i]!, statistic);
      const weight = this.weight(p, gamma, feature);
      y[row.start + i * row.stride] = this.output(p, normed, weight, beta ? beta[feature]! : null);
    }
  }

  /** Where gamma and beta hold element `i` of a row. */
  feature(p: Problem, row: Row, i: number): number {
    return row.group * p.size + i;
  }

  statistic(p: Problem, row: Float32Array, _place: Row): Statistic {
    let scale = 1;
    let sum = this.sumOfSquares(row, p.statSize, scale);
    if (this.isExtreme(p, sum)) {
      scale = this.scaleOf(row.subarray(0, p.statSize));
      sum = this.sumOfSquares(row, p.statSize, scale);
    }
    const rstd = this.inverseRoot(p, sum, scale);
    return { scale, factor: this.factor(p.alpha * rstd), rstd: rstd * scale };
  }

  /** Sums of four squares in float32, added in float64. */
  sumOfSquares(row: Float32Array, count: number, scale: number): number {
    let total = 0;
    for (let i = 0; i < count; i += 4) {
      let four = 0;
      for (let j = i; j < Math.min(i + 4, count); j++) {
        const x = fround(row[j]! * scale);
        four = fround(four + fround(x * x));
      }
      total += four;
    }
    return total;
  }

  /** Whether squares may have overflowed, or have vanished in a row where eps is too small to hide that. */
  isExtreme(p: Problem, sum: number): boolean {
    return sum > 2 ** 126 || (sum < p.size * 2 ** -98 && this.epsOfSum(p) < p.size * 2 ** -100);
  }

  /** What eps amounts to in the units of a sum of squares. */
  epsOfSum({ epsMode, eps, statSize }: Problem): number {
    switch (epsMode) {
      case 'add':
        return statSize * eps;
      case 'clamp':
        return eps * eps;
      default:
        return unreachable(epsMode);
    }
  }

  /** The power of two that brings the largest |x| into [1, 2); 1 for rows of zeros and rows with an infinity. */
  scaleOf(row: Float32Array): number {
    let max = 0;
    for (const x of row) max = Math.max(max, Math.abs(x));
    return max > 0 && max < Number.POSITIVE_INFINITY ? 2 ** -Math.floor(Math.log2(max)) : 1;
  }

  /** r / alpha of the row multiplied by `scale`. */
  inverseRoot(p: Problem, sum: number, scale: number): number {
    const { epsMode, eps, size, statSize } = p;
    switch (epsMode) {
      case 'add':
        return 1 / Math.sqrt(sum / statSize + eps * scale * scale);
      case 'clamp':
        return Math.sqrt(size) / Math.max(Math.sqrt(sum), eps * scale);
      default:
        return unreachable(epsMode);
    }
  }

  factor(r: number): number {
    return fround(r);
  }

  rstd(_p: Problem, statistic: Statistic): number {
    return statistic.rstd;
  }

  normed(p: Problem, x: number, { scale, factor }: Statistic): number {
    // Where the denominator is 0, elements that are 0 stay 0. The product of three is rounded once: x * scale is exact.
    const normed = x === 0 && Math.abs(factor) === Number.POSITIVE_INFINITY ? 0 : fround(x * scale * factor);
    switch (p.casting) {
      case 'gemma':
        return normed;
      case 'llama':
        return roundTo(p.dtype, normed);
      default:
        return unreachable(p.casting);
    }
  }

  weight(p: Problem, gamma: Float32Array | null, feature: number): number {
    return gamma ? fround(p.weightOffset + gamma[feature]!) : 1;
  }

  output(_p: Problem, normed: number, weight: number, beta: number | null): number {
    const product = fround(normed * weight);
    return beta === null ? product : fround(product + beta);
  }
}

export function countRows(p: Problem): number {
  return p.outer * p.groups * p.inner;
}

export function countElements(p: Problem): number {
  return countRows(p) * p.size;
}

export function floats(block: Uint8Array, count: number): Float32Array {
  return new Float32Array(block.buffer, block.byteOffset, count);
}

export function halves(block: Uint8Array, count: number): Uint16Array {
  return new Uint16Array(block.buffer, block.byteOffset, count);
}
