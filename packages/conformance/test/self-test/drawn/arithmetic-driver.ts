import {
  type AddForwardIO,
  type BackwardIO,
  type FloatDType,
  type ForwardQuantizedIO,
  type Problem,
  roundTo,
} from '@rmsnorm/core';
import type { Random } from '../../../src/index.ts';
import { FORMATS } from '../../../src/inputs/formats.ts';
import { type GradientRow, type GradientSums, OperationsDriver } from '../operations-driver.ts';
import { countRows, type Operands, type Row, type Statistic } from '../plain-driver.ts';
import type { Arithmetic } from './arithmetic.ts';
import { isInFloat32, type Order, sumInOrder } from './orders.ts';

const { fround } = Math;
const MIN_NORMAL = 2 ** -126;

/** The plain driver with the liberties of `choice`, on plain memory. */
export class ArithmeticDriver extends OperationsDriver {
  readonly #choice: Arithmetic;
  readonly #random: Random;
  #fromTheLastRow = false;
  #quantizes = false;
  #sum: Uint8Array | null = null;
  #lost = { dgamma: new Float32Array(0), dbeta: new Float32Array(0) };

  constructor(choice: Arithmetic, random: Random) {
    super();
    this.#choice = choice;
    this.#random = random;
  }

  override load(block: Uint8Array, dtype: FloatDType, count: number): Float32Array {
    const { flushesInputs } = this.#choice;
    const values = super.load(block, dtype, count);
    if (flushesInputs === 'none') return values;
    const least = flushesInputs === 'dtype' ? FORMATS[dtype].minNormal : MIN_NORMAL;
    return values.map((value) => (Math.abs(value) < least ? 0 : value));
  }

  override store(block: Uint8Array, dtype: FloatDType, values: Float32Array): void {
    const flushes = this.#choice.flushesResults && block !== this.#sum;
    super.store(block, dtype, flushes ? values.map(flushed) : values);
  }

  /** y may lose its subnormals, but the sum is x + residual. */
  override addForward(p: Problem, io: AddForwardIO<Uint8Array>): void {
    this.#sum = io.sum;
    super.addForward(p, io);
    this.#sum = null;
  }

  override sum(p: Problem, x: number, residual: number): number {
    const sum = super.sum(p, x, residual);
    return this.#choice.flushesInputs === 'none' ? sum : flushed(sum);
  }

  override sumOfSquares(row: Float32Array, count: number, scale: number): number {
    const { float64 } = this.#choice;
    const order = this.#order(this.#choice.squares);
    return sumInOrder(order, count, (i) => {
      const x = row[i]! * scale;
      return float64 ? x * x : fround(x * x);
    });
  }

  override isExtreme(p: Problem, sum: number): boolean {
    const { float64, rescues, squares } = this.#choice;
    return rescues && (!float64 || isInFloat32(squares)) && super.isExtreme(p, sum);
  }

  override statistic(p: Problem, row: Float32Array, place: Row): Statistic {
    const statistic = super.statistic(p, row, place);
    const isOrdinary = Number.isFinite(statistic.rstd) && statistic.rstd !== 0;
    return isOrdinary || !this.#choice.careless ? statistic : { scale: 1, factor: 0.125, rstd: 0.125 };
  }

  override inverseRoot(p: Problem, sum: number, scale: number): number {
    return super.inverseRoot(p, sum, scale) * (1 + this.#error(this.#choice.rootError));
  }

  override factor(r: number): number {
    return this.#choice.float64 ? r : fround(r);
  }

  override normalizeRow(p: Problem, operands: Operands, row: Row, y: Float32Array): void {
    if (!this.#weightsFirst(p, operands, row, y)) super.normalizeRow(p, operands, row, y);
    const { stepError } = this.#choice;
    // What is quantized is float32 in any dtype.
    if (stepError === 0 || p.dtype === 'float32' || this.#quantizes) return;
    const step = (stepError * 0.5) / 2 ** FORMATS[p.dtype].fractionBits;
    for (let i = 0; i < p.size; i++) y[row.start + i * row.stride]! *= 1 + this.#error(step);
  }

  override normed(p: Problem, x: number, { scale, factor }: Statistic): number {
    if (x === 0 && Math.abs(factor) === Number.POSITIVE_INFINITY) return 0;
    const normed = this.#rounded(x * scale * factor);
    return p.casting === 'llama' ? roundTo(p.dtype, normed) : normed;
  }

  override weight(p: Problem, gamma: Float32Array | null, feature: number): number {
    return gamma ? this.#rounded(p.weightOffset + gamma[feature]!) : 1;
  }

  override output(_p: Problem, normed: number, weight: number, beta: number | null): number {
    const { fused } = this.#choice;
    const product = fused ? normed * weight : this.#rounded(normed * weight);
    return beta === null ? fround(product) : fround(product + beta);
  }

  override silu(z: number): number {
    const e = Math.exp(-z);
    return (this.#choice.sigmoid ? z * (1 / (1 + e)) : z / (1 + e)) * (1 + this.#error(this.#choice.siluError));
  }

  override startSums(p: Problem): GradientSums {
    const features = p.groups * p.size;
    this.#lost = { dgamma: new Float32Array(features), dbeta: new Float32Array(features) };
    return super.startSums(p);
  }

  override backward(p: Problem, io: BackwardIO<Uint8Array>): void {
    this.#fromTheLastRow = this.#choice.gradientSums === 'backwards';
    super.backward(p, io);
    this.#fromTheLastRow = false;
  }

  override locate(p: Problem, index: number): Row {
    return super.locate(p, this.#fromTheLastRow ? countRows(p) - 1 - index : index);
  }

  override accumulate(sums: GradientSums, feature: number, dy: number, normed: number, row: GradientRow): void {
    if (this.#choice.gradientSums !== 'compensated') {
      super.accumulate(sums, feature, dy, normed, row);
      return;
    }
    this.#add('dgamma', sums, feature, fround(dy * normed));
    this.#add('dbeta', sums, feature, dy);
  }

  override middle(p: Problem, row: GradientRow): number {
    const { g, normed, slopeFactor } = row;
    if (slopeFactor === null || !Number.isFinite(row.r)) return super.middle(p, row);
    const dot = sumInOrder(this.#order(this.#choice.dot), p.size, (i) => g[i]! * normed[i]!);
    return (slopeFactor * dot) / (p.statSize * p.alpha * p.alpha);
  }

  override dxOf(p: Problem, row: GradientRow, i: number, middle: number): number {
    if (this.#choice.gradients === 'float64') return super.dxOf(p, row, i, middle);
    const inner = middle === 0 ? row.g[i]! : fround(row.g[i]! - fround(row.normed[i]! * fround(middle)));
    return inner === 0 ? 0 : fround(inner * fround(row.r));
  }

  override forwardQuantized(p: Problem & { readonly scale: number | null }, io: ForwardQuantizedIO<Uint8Array>): void {
    this.#quantizes = true;
    super.forwardQuantized(p, io);
    this.#quantizes = false;
  }

  override quantizePlace(
    p: Problem & { readonly scale: number | null },
    y: Float32Array,
    place: number,
    q: Int8Array,
    scales: Float32Array,
  ): void {
    super.quantizePlace(p, y, place, q, scales);
    const { reciprocal, halfError } = this.#choice;
    if (!reciprocal && halfError === 0) return;
    const scale = scales[place]!;
    const start = Math.floor(place / p.inner) * p.groups * p.size * p.inner + (place % p.inner);
    for (let k = 0; k < p.groups * p.size; k++) {
      const at = start + k * p.inner;
      const exact = y[at]! / scale;
      const value = reciprocal ? fround(y[at]! * fround(1 / scale)) : exact;
      const other = Math.abs(Math.abs(exact % 1) - 0.5) <= halfError ? value + 2 * this.#error(halfError || 0) : value;
      q[at] = this.clamp(this.nearest(other));
    }
  }

  override quantum(p: Problem & { readonly scale: number | null }, max: number): number {
    const quantum = super.quantum(p, max);
    return p.scale === null && max !== 0 ? quantum * (1 + this.#error(this.#choice.scaleError)) : quantum;
  }

  /** A row as x * (r * w); false where a product leaves the normal range, and the row is to be done in the other order. */
  #weightsFirst(p: Problem, { x, gamma, beta, rstd }: Operands, row: Row, y: Float32Array): boolean {
    if (!this.#choice.weightFirst || p.casting !== 'gemma' || gamma === null) return false;
    const elements = this.rowOf(p, x, row);
    const statistic = this.statistic(p, elements, row);
    if (statistic.scale !== 1 || !isNormal(statistic.factor)) return false;
    if (rstd) rstd[row.index] = this.rstd(p, statistic);
    for (let i = 0; i < p.size; i++) {
      const feature = this.feature(p, row, i);
      const weight = this.#rounded(statistic.factor * this.weight(p, gamma, feature));
      if (!isNormal(weight)) return false;
      y[row.start + i * row.stride] = this.output(p, elements[i]!, weight, beta ? beta[feature]! : null);
    }
    return true;
  }

  #order(order: Order): Order {
    if (!this.#choice.wavers || isInFloat32(order)) return order;
    return this.#random.pick<Order>([order, { kind: 'reversed' }, { kind: 'lanes', width: 7 }]);
  }

  #error(error: number): number {
    return this.#choice.wavers ? error * (2 * this.#random.uniform() - 1) : error;
  }

  #rounded(value: number): number {
    return this.#choice.float64 ? value : fround(value);
  }

  #add(what: 'dgamma' | 'dbeta', sums: GradientSums, feature: number, term: number): void {
    const corrected = fround(term - this.#lost[what][feature]!);
    const sum = fround(sums[what][feature]! + corrected);
    this.#lost[what][feature] = fround(fround(sum - sums[what][feature]!) - corrected);
    sums[what][feature] = sum;
  }
}

function isNormal(value: number): boolean {
  return Math.abs(value) >= MIN_NORMAL && Math.abs(value) <= FORMATS.float32.max;
}

function flushed(value: number): number {
  return Math.abs(value) < MIN_NORMAL ? 0 : value;
}
