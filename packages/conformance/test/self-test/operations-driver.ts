import {
  type AddForwardIO,
  type BackwardIO,
  type ForwardQuantizedIO,
  type GatedForwardIO,
  OPS,
  type Problem,
  roundTo,
  type ScaleByIO,
  type SumSquaresIO,
  type Supports,
} from '@rmsnorm/core';
import { unreachable } from '../../src/unreachable.ts';
import { countElements, countRows, EVERYTHING, floats, type Operands, PlainDriver, type Row } from './plain-driver.ts';

const { fround } = Math;

/** The arrays of a backward on the host, 16-bit types decoded. */
export interface GradientOperands {
  readonly x: Float32Array;
  readonly dy: Float32Array;
  readonly gamma: Float32Array | null;
  readonly rstd: Float32Array | null;
  readonly dsum: Float32Array | null;
}

/** Running sums over rows, one for each feature. */
export interface GradientSums {
  readonly dgamma: Float64Array;
  readonly dbeta: Float64Array;
}

/** One row of a backward. */
export interface GradientRow {
  readonly x: Float32Array;
  /** x * r. */
  readonly normed: Float32Array;
  /** dy * weight. */
  readonly g: Float32Array;
  readonly r: number;
  /** The factor f in d rstd/dx = -f * rstd^3 * x / statSize; null where r does not change with x. */
  readonly slopeFactor: number | null;
}

type Quantize = Problem & { readonly scale: number | null };

/** The plain driver with every operation, again in steps that a wrong driver replaces. */
export class OperationsDriver extends PlainDriver {
  override readonly name: string = 'operations';
  override readonly supports: Supports = { ...EVERYTHING, ops: OPS };

  addForward(p: Problem, io: AddForwardIO<Uint8Array>): void {
    const count = countElements(p);
    const x = this.load(io.x, p.dtype, count);
    const residual = this.load(io.residual, p.dtype, count);
    const sum = x.map((value, i) => this.sum(p, value, residual[i]!));
    const y = this.normalize(p, { ...this.weights(p, io), x: sum });
    this.store(io.sum, p.dtype, sum);
    this.store(io.y, p.dtype, y);
  }

  sum(p: Problem, x: number, residual: number): number {
    return roundTo(p.dtype, x + residual);
  }

  gatedForward(p: Problem & { readonly normBeforeGate: boolean }, io: GatedForwardIO<Uint8Array>): void {
    const count = countElements(p);
    const x = this.load(io.x, p.dtype, count);
    const gate = this.load(io.gate, p.dtype, count);
    const weights = this.weights(p, io);
    const y = p.normBeforeGate
      ? this.gated(p, this.normalize(p, { ...weights, x }), gate)
      : this.normalize(p, { ...weights, x: this.gated(p, x, gate) });
    this.store(io.y, p.dtype, y);
  }

  /** values * silu(gate), in float32. */
  gated(_p: Problem, values: Float32Array, gate: Float32Array): Float32Array {
    return values.map((value, i) => value * this.silu(gate[i]!));
  }

  silu(z: number): number {
    return z / (1 + Math.exp(-z));
  }

  backward(p: Problem, io: BackwardIO<Uint8Array>): void {
    const count = countElements(p);
    const features = p.groups * p.size;
    const operands: GradientOperands = {
      x: this.load(io.x, p.dtype, count),
      dy: this.load(io.dy, p.dtype, count),
      gamma: io.gamma && this.load(io.gamma, 'float32', features),
      rstd: io.rstd && floats(io.rstd, countRows(p)),
      dsum: io.dsum && this.load(io.dsum, p.dtype, count),
    };
    const sums = this.startSums(p);
    const dx = new Float32Array(count);
    for (let index = 0; index < countRows(p); index++) this.gradients(p, operands, this.locate(p, index), dx, sums);
    this.store(io.dx, p.dtype, operands.dsum ? dx.map((value, i) => this.withSum(value, operands.dsum![i]!)) : dx);
    if (io.dgamma) floats(io.dgamma, features).set(sums.dgamma);
    if (io.dbeta) floats(io.dbeta, features).set(sums.dbeta);
  }

  startSums(p: Problem): GradientSums {
    const features = p.groups * p.size;
    return { dgamma: new Float64Array(features), dbeta: new Float64Array(features) };
  }

  withSum(dx: number, dsum: number): number {
    return dx + dsum;
  }

  gradients(p: Problem, operands: GradientOperands, place: Row, dx: Float32Array, sums: GradientSums): void {
    const row = this.gradientRow(p, operands, place);
    const middle = this.middle(p, row);
    for (let i = 0; i < p.size; i++) {
      const at = place.start + i * place.stride;
      dx[at] = this.dxOf(p, row, i, i < p.statSize ? middle : 0);
      this.accumulate(sums, this.feature(p, place, i), operands.dy[at]!, row.normed[i]!, row);
    }
  }

  gradientRow(p: Problem, { x, dy, gamma, rstd }: GradientOperands, place: Row): GradientRow {
    const elements = new Float32Array(p.size);
    const g = new Float32Array(p.size);
    for (let i = 0; i < p.size; i++) {
      const at = place.start + i * place.stride;
      elements[i] = x[at]!;
      g[i] = dy[at]! * this.weight(p, gamma, this.feature(p, place, i));
    }
    const own = this.statistic(p, elements, place);
    const given = rstd ? this.given(p, rstd[place.index]!) : null;
    const statistic = given === null ? own : { scale: 1, factor: fround(given), rstd: given / p.alpha };
    const normed = elements.map((value) => this.normed({ ...p, casting: 'gemma' }, value, statistic));
    return { x: elements, normed, g, r: given ?? p.alpha * own.rstd, slopeFactor: this.slopeFactor(p, elements) };
  }

  /**
   * {@link GradientRow.slopeFactor}. In each mode listed here rstd has the form (a * sum of squares + b)^(-1/2), whose
   * slope has rstd^3.
   */
  slopeFactor({ epsMode, eps, size }: Problem, row: Float32Array): number | null {
    switch (epsMode) {
      case 'add':
        return 1;
      case 'clamp':
        return Math.sqrt(this.sumOfSquares(row, size, 1)) <= eps ? null : 1;
      default:
        return unreachable(epsMode);
    }
  }

  /** r from an rstd that was given. */
  given(p: Problem, rstd: number): number {
    return p.alpha * rstd;
  }

  /** What x * r is multiplied by in the middle term, before r: the mean of g x r, times the slope's factor over alpha^2. */
  middle(p: Problem, { g, normed, r, slopeFactor }: GradientRow): number {
    // At a zero denominator all x of the statistic are 0, and so is their middle term.
    if (slopeFactor === null || Math.abs(r) === Number.POSITIVE_INFINITY) return 0;
    let dot = 0;
    for (let i = 0; i < p.size; i++) dot += g[i]! * normed[i]!;
    return (slopeFactor * dot) / (p.statSize * p.alpha * p.alpha);
  }

  /** One element of dx, in which x * r is multiplied by `middle`. */
  dxOf(_p: Problem, { g, normed, r }: GradientRow, i: number, middle: number): number {
    const inner = middle === 0 ? g[i]! : g[i]! - normed[i]! * middle;
    return inner === 0 ? 0 : inner * r;
  }

  accumulate(sums: GradientSums, feature: number, dy: number, normed: number, _row: GradientRow): void {
    sums.dgamma[feature]! += dy * normed;
    sums.dbeta[feature]! += dy;
  }

  sumSquares(p: Problem, io: SumSquaresIO<Uint8Array>): void {
    const x = this.load(io.x, p.dtype, countElements(p));
    const sums = new Float32Array(countRows(p));
    for (let index = 0; index < sums.length; index++) {
      sums[index] = this.partialSum(p, this.rowOf(p, x, this.locate(p, index)));
    }
    floats(io.sums, sums.length).set(sums);
  }

  partialSum(p: Problem, row: Float32Array): number {
    return this.sumOfSquares(row, p.size, 1);
  }

  scaleBy(p: Problem & { readonly count: number }, io: ScaleByIO<Uint8Array>): void {
    const x = this.load(io.x, p.dtype, countElements(p));
    const { gamma, beta } = this.weights(p, { ...io, rstd: null });
    const sums = floats(io.sums, countRows(p)).slice();
    const y = new Float32Array(x.length);
    for (let index = 0; index < sums.length; index++) {
      const place = this.locate(p, index);
      const rstd = this.inverseRoot(this.whole(p), sums[index]!, 1);
      const statistic = { scale: 1, factor: this.factor(p.alpha * rstd), rstd };
      for (let i = 0; i < p.size; i++) {
        const at = place.start + i * place.stride;
        const feature = this.feature(p, place, i);
        const normed = this.normed(p, x[at]!, statistic);
        y[at] = this.output(p, normed, this.weight(p, gamma, feature), beta ? beta[feature]! : null);
      }
    }
    this.store(io.y, p.dtype, y);
  }

  /** The problem of all shards together. */
  whole(p: Problem & { readonly count: number }): Problem {
    return { ...p, size: p.count, statSize: p.count };
  }

  forwardQuantized(p: Quantize, io: ForwardQuantizedIO<Uint8Array>): void {
    const x = this.load(io.x, p.dtype, countElements(p));
    const y = this.normalize(p, { ...this.weights(p, { ...io, rstd: null }), x });
    const q = new Int8Array(io.q.buffer, io.q.byteOffset, y.length);
    const scales = floats(io.scales, p.outer * p.inner);
    for (let place = 0; place < scales.length; place++) this.quantizePlace(p, y, place, q, scales);
  }

  quantizePlace(p: Quantize, y: Float32Array, place: number, q: Int8Array, scales: Float32Array): void {
    const features = p.groups * p.size;
    const start = Math.floor(place / p.inner) * features * p.inner + (place % p.inner);
    let max = 0;
    for (let k = 0; k < features; k++) max = Math.max(max, Math.abs(y[start + k * p.inner]!));
    const scale = fround(this.quantum(p, max));
    scales[place] = scale;
    for (let k = 0; k < features; k++) {
      const at = start + k * p.inner;
      q[at] = this.clamp(this.nearest(y[at]! / scale));
    }
  }

  quantum({ scale }: Quantize, max: number): number {
    return scale ?? (max === 0 ? 1 : max / 127);
  }

  nearest(value: number): number {
    const rounded = Math.round(value);
    return Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : rounded;
  }

  clamp(value: number): number {
    return Math.max(-127, Math.min(127, value));
  }

  rowOf(p: Problem, x: Float32Array, { start, stride }: Row): Float32Array {
    const row = new Float32Array(p.size);
    for (let i = 0; i < row.length; i++) row[i] = x[start + i * stride]!;
    return row;
  }

  /** gamma, beta and where rstd goes. */
  weights(
    p: Problem,
    io: { gamma: Uint8Array | null; beta: Uint8Array | null; rstd: Uint8Array | null },
  ): Omit<Operands, 'x'> {
    return {
      gamma: io.gamma && this.load(io.gamma, 'float32', p.groups * p.size),
      beta: io.beta && this.load(io.beta, 'float32', p.groups * p.size),
      rstd: io.rstd && floats(io.rstd, countRows(p)),
    };
  }
}
