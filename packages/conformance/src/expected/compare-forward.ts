import type { DType } from '@rmsnorm/core';
import { ConformanceFailure } from '../case/failure.ts';
import { FORMATS, ulp } from '../inputs/formats.ts';
import { describeTolerance, type Interval, type Tolerance } from './bounds.ts';
import type { Observe } from './compare-result.ts';
import { allowed, type Element, exactElement, exactRstd, type Operands, unitOf } from './exact-forward.ts';
import type { Arrangement } from './normalization.ts';

export interface Comparison {
  readonly operands: Operands;
  /** Of the tensor, for the index in the message. */
  readonly shape: readonly number[];
  readonly tolerance: Tolerance;
  /** What the output was filled with before: an element that still holds it was not written. */
  readonly stale?: number;
  /** What to look at, where the case knows more than the numbers tell. */
  readonly lookAt?: string;
  /** What is compared; 'y' unless given. */
  readonly what?: string;
  readonly observe?: Observe | undefined;
}

const INFINITE = Number.POSITIVE_INFINITY;

interface Wrong {
  readonly flat: number;
  /** Index in its row. */
  readonly feature: number;
  readonly row: number;
  readonly got: number;
  readonly element: Element;
  readonly interval: Interval;
  /** In ulp of the dtype at the magnitude that the bound refers to. */
  readonly error: number;
}

/**
 * Holds `got`, the elements of y as numbers, against the formula in float64.
 * @throws ConformanceFailure with the worst element: index, got, expected, error in ulp, bound, and what to look at
 */
export function compareForward(got: ArrayLike<number>, comparison: Comparison): void {
  const { operands, tolerance, what = 'y', observe } = comparison;
  const { dtype, arrangement, x, gamma, beta } = operands;
  const { outer, groups, size, inner, alpha, weightOffset, casting } = arrangement;
  const rstd = exactRstd(operands);
  const count = outer * groups * size * inner;
  if (got.length !== count) {
    throw new ConformanceFailure(`${what} has ${got.length} elements, not ${count}`);
  }

  // Within half an ulp of its dtype wherever y stands in its power of two: right in every class, and most elements are.
  const certain = 2 ** -(FORMATS[dtype].fractionBits + 2);
  const wrong: Wrong[] = [];
  let flat = 0;
  for (let block = 0; block < outer * groups; block++) {
    const firstFeature = (block % groups) * size;
    for (let i = 0; i < size; i++) {
      const weight = gamma ? weightOffset + gamma[firstFeature + i]! : 1;
      const shift = beta ? beta[firstFeature + i]! : 0;
      for (let column = 0; column < inner; column++, flat++) {
        const row = block * inner + column;
        const element = exactElement(x[flat]!, alpha * rstd[row]!, weight, shift);
        if (observe) {
          const unit = unitOf(element, dtype, casting);
          if (unit !== undefined) observe(what, got[flat]!, element.y, unit);
        }
        const difference = Math.abs(got[flat]! - element.y);
        if (casting === 'gemma' && difference < INFINITE && difference <= certain * Math.abs(element.y)) continue;
        const interval = allowed(element, dtype, casting, tolerance);
        const value = got[flat]!;
        if (interval === null || inside(value, interval)) continue;
        const error = (value - element.y) / ulp(FORMATS[dtype], element.magnitude);
        wrong.push({ flat, feature: i, row, got: value, element, interval, error });
      }
    }
  }
  if (wrong.length > 0) throw new ConformanceFailure(explain(wrong, got, comparison, rstd));
}

/**
 * Holds `got`, [outer, groups, inner], against r / alpha in float64. Values beyond float32's normal range are open.
 * @throws ConformanceFailure
 */
export function compareRstd(got: ArrayLike<number>, operands: Operands, tolerance: Tolerance): void {
  const expected = exactRstd(operands);
  if (got.length !== expected.length) {
    throw new ConformanceFailure(`rstd has ${got.length} elements, not ${expected.length}`);
  }
  for (let row = 0; row < expected.length; row++) {
    const exact = expected[row]!;
    if (!Number.isNaN(exact) && !(exact >= FORMATS.float32.minNormal && exact <= FORMATS.float32.max)) continue;
    const unit = ulp(FORMATS.float32, exact);
    const bound = tolerance.accuracy === 'loose' ? 1e-5 * exact : tolerance.ulps * unit;
    if (Number.isNaN(exact) ? Number.isNaN(got[row]!) : Math.abs(got[row]! - exact) <= bound) continue;
    throw new ConformanceFailure(
      `rstd of row ${row} of ${expected.length}: got ${got[row]}, expected ${exact}, off by ` +
        `${show((got[row]! - exact) / unit)} ulp, bound ${describeTolerance(tolerance, 'float32')}; ` +
        `rstd holds r / alpha, alpha = ${operands.arrangement.alpha}, in [outer, groups, inner]`,
    );
  }
}

function inside(value: number, { low, high }: Interval): boolean {
  return Number.isNaN(low) ? Number.isNaN(value) : value >= low && value <= high;
}

function explain(
  wrong: readonly Wrong[],
  got: ArrayLike<number>,
  { operands, shape, tolerance, stale, lookAt, what = 'y' }: Comparison,
  rstd: Float64Array,
): string {
  const worst = wrong.reduce((a, b) => (severity(b) > severity(a) ? b : a));
  const { dtype } = operands;
  const unit = dtype === 'float32' ? 'ulp' : `steps of ${dtype}`;
  const error = Number.isFinite(worst.error) ? `, off by ${show(worst.error)} ${unit}` : '';
  const hints = [diagnose(wrong, worst, operands, rstd, stale), lookAt].filter((hint) => hint);
  return (
    `${wrong.length} of ${got.length} elements of ${what} are wrong, the worst at [${coordinates(worst.flat, shape).join(', ')}]: ` +
    `got ${worst.got}, expected ${show(worst.element.y)}${error}, bound ${describeTolerance(tolerance, dtype)} ` +
    `(x = ${operands.x[worst.flat]}, r = ${show(operands.arrangement.alpha * rstd[worst.row]!)}, weight = ${worst.element.weight}, ` +
    `beta = ${worst.element.beta})${hints.map((hint) => `; ${hint}`).join('')}`
  );
}

function severity({ error }: Wrong): number {
  return Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.abs(error);
}

/** What the pattern of wrong elements points to. */
function diagnose(
  wrong: readonly Wrong[],
  worst: Wrong,
  { arrangement, x, dtype }: Operands,
  rstd: Float64Array,
  stale: number | undefined,
): string {
  const { outer, groups, size, inner } = arrangement;
  if (stale !== undefined && wrong.every((entry) => Object.is(entry.got, stale))) {
    return `they hold ${stale}, which stood in out before: they were not written`;
  }
  if (!Number.isFinite(worst.got) && Number.isFinite(worst.element.y)) {
    return 'a finite row gave a value that is not: look at sums of squares that overflow or underflow, and at zero denominators';
  }
  const rows = outer * groups * inner;
  const firstWrongFeature = Math.min(...extremes(wrong, (entry) => entry.feature));
  if (size > 16 && firstWrongFeature >= size - (size % 16) && size % 16 > 0) {
    return `only features from ${firstWrongFeature} of ${size} on are wrong: look at the tail of a row`;
  }
  const [firstRow, lastRow] = extremes(wrong, (entry) => entry.row);
  if (rows > 1 && firstRow === lastRow) return `only row ${firstRow} of ${rows} is wrong`;
  const ratio = commonRatio(wrong, worst.row);
  if (ratio !== null) {
    return `all of row ${worst.row} is off by the factor ${show(ratio)}: look at the statistic (sum of squares, eps, statSize, alpha)`;
  }
  const other = rowOfResult(worst, x, rstd, arrangement);
  if (other !== null) return `that is the result with the statistic of row ${other}: look at axis, groups and inner`;
  return dtype === 'float32' ? '' : 'look at how often, and to what, the result is rounded';
}

function extremes(wrong: readonly Wrong[], of: (entry: Wrong) => number): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const entry of wrong) {
    low = Math.min(low, of(entry));
    high = Math.max(high, of(entry));
  }
  return [low, high];
}

/** got / expected where it is the same for all wrong elements of `row`, at least three of them. */
function commonRatio(wrong: readonly Wrong[], row: number): number | null {
  const ratios = wrong
    .filter((entry) => entry.row === row && entry.element.y !== 0)
    .map((entry) => entry.got / entry.element.y);
  const first = ratios[0];
  if (ratios.length < 3 || first === undefined || !Number.isFinite(first) || first === 0) return null;
  const spread = Math.abs(first - 1) * 0.05 + 1e-7;
  return ratios.every((ratio) => Math.abs(ratio - first) <= spread) ? first : null;
}

/** Another row, of the first thousand, whose r would explain what came out. */
function rowOfResult(
  { row, flat, got, element }: Wrong,
  x: ArrayLike<number>,
  rstd: Float64Array,
  { alpha }: Arrangement,
): number | null {
  for (let other = 0; other < Math.min(rstd.length, 1000); other++) {
    if (other === row) continue;
    const guess = x[flat]! * alpha * rstd[other]! * element.weight + element.beta;
    if (guess !== 0 && Math.abs(got / guess - 1) < 1e-6) return other;
  }
  return null;
}

function coordinates(flat: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = flat;
  for (const length of [...shape].reverse()) {
    index.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return index;
}

function show(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e9 ? String(value) : String(Number(value.toPrecision(9)));
}

/**
 * Holds two results that must be the same bit for bit.
 * @throws ConformanceFailure
 */
export function compareBits(got: ArrayLike<number>, expected: ArrayLike<number>, dtype: DType, what: string): void {
  if (got.length !== expected.length) {
    throw new ConformanceFailure(`${what}: ${got.length} elements, not ${expected.length}`);
  }
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
