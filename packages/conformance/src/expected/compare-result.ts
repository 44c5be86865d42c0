import type { FloatDType } from '@rmsnorm/core';
import { ConformanceFailure } from '../case/failure.ts';
import { Math, Number } from '../globals.ts';
import { FORMATS, round } from '../inputs/formats.ts';
import { type Interval, isInside } from './bounds.ts';
import { noteComparison } from './comparisons.ts';
import { show, showIndex } from './messages.ts';
import { countOf } from './normalization.ts';
import { describeCauses, likelyCauses, MOST_WRONG, patternOf, type Suspect, type Wrong } from './suspects.ts';

/** What one element of a result may be, ends included. Both ends are NaN where it must be NaN. */
export interface Expected extends Interval {
  readonly exact: number;
  /** The unit of the bound, where it has one: an ulp of float32, or 2^-24 of a sum of terms. */
  readonly unit?: number | undefined;
}

/** Is told every element that has a bound in units. */
export type Observe = (what: string, got: number, exact: number, unit: number) => void;

/** Tells most right elements without their bound: elements by the million take most of the suite's time. */
export interface QuickCheck {
  readonly dtype: FloatDType;
  /** The exact value of each element, not rounded. The nearest number of a 16-bit type is always right. */
  readonly exact: ArrayLike<number>;
  /** Of float32: an error, relative to the exact value, that every bound allows. */
  readonly relative: number;
}

/** Whether `value` is right as the element at `flat`, whatever its bound. False where only the bound can tell. */
export function passesQuickly(value: number, { dtype, exact, relative }: QuickCheck, flat: number): boolean {
  const expected = exact[flat]!;
  if (dtype !== 'float32') return value === round(FORMATS[dtype], expected);
  const difference = Math.abs(value - expected);
  return difference < Number.POSITIVE_INFINITY && difference <= relative * Math.abs(expected);
}

export interface ResultCheck {
  /** What is compared, for the message. */
  readonly what: string;
  readonly shape: readonly number[];
  /** null where the contract leaves the element open. */
  readonly expected: (flat: number) => Expected | null;
  /** Where most elements pass this, `expected` is called for few. */
  readonly quick?: QuickCheck | undefined;
  /** The bound in words. */
  readonly bound: string;
  /** The operands of one element, in words. */
  readonly about?: (flat: number) => string;
  /** What the output was filled with before: an element that still holds it was not written. */
  readonly stale?: number | undefined;
  readonly lookAt?: string | undefined;
  /** Of the result; with it, what `suspects` would give is held against it. */
  readonly dtype?: FloatDType | undefined;
  readonly suspects?: readonly Suspect[] | undefined;
  readonly observe?: Observe | undefined;
}

/**
 * Holds every element of `got` to what is expected of it.
 * @throws ConformanceFailure with the worst element: index, got, expected, bound, operands, and what to look at
 */
export function compareResult(got: ArrayLike<number>, check: ResultCheck): void {
  const { what, shape, expected, observe } = check;
  const count = countOf(shape);
  if (got.length !== count) throw new ConformanceFailure(`${what} has ${got.length} elements, not ${count}`);
  noteComparison({ what, shape, got, expected: (flat) => expected(flat)?.exact ?? null, bound: check.bound });
  const quick = observe ? undefined : check.quick;
  let wrongCount = 0;
  const wrong: Wrong[] = [];
  let worst = -1;
  let worstExcess = -1;
  let stale = check.stale !== undefined;
  for (let flat = 0; flat < count; flat++) {
    const value = got[flat]!;
    if (quick && passesQuickly(value, quick, flat)) continue;
    const allowed = expected(flat);
    if (allowed === null) continue;
    if (observe && allowed.unit !== undefined) observe(what, value, allowed.exact, allowed.unit);
    if (isInside(value, allowed)) continue;
    wrongCount++;
    if (wrong.length < MOST_WRONG) wrong.push({ flat, got: value });
    if (!Object.is(value, check.stale)) stale = false;
    const excess = excessOf(value, allowed);
    if (excess > worstExcess) {
      worstExcess = excess;
      worst = flat;
    }
  }
  if (wrongCount > 0) throw new ConformanceFailure(explain(got, check, { wrong, wrongCount, worst, stale }));
}

/** How far a wrong value is off, in units of what is allowed. */
function excessOf(value: number, { exact, low, high }: Expected): number {
  const excess = Math.abs(value - exact) / Math.max(high - exact, exact - low);
  return Number.isNaN(excess) ? Number.POSITIVE_INFINITY : excess;
}

/** Beyond this, how many times it is too much says no more than the difference. */
const MOST_TIMES = 1e6;

/** How far a wrong value is off, in words. Near 0, every error is a great many times what is allowed. */
function showExcess(got: number, allowed: Expected): string {
  const { exact, low, high } = allowed;
  const excess = excessOf(got, allowed);
  if (!Number.isFinite(got - exact)) return '';
  if (excess <= MOST_TIMES) return `, ${show(excess)} times what is allowed`;
  if (exact === 0) return ', where only 0 is right';
  if (low === high) return `, off by ${show(got - low)}`;
  return `, off by ${show(got - exact)}: it is ${Number((got / exact).toPrecision(3))} times that`;
}

function explain(
  got: ArrayLike<number>,
  { what, shape, expected, bound, about, stale: before, lookAt, dtype, suspects = [] }: ResultCheck,
  { wrong, wrongCount, worst, stale }: { wrong: readonly Wrong[]; wrongCount: number; worst: number; stale: boolean },
): string {
  const allowed = expected(worst)!;
  // Where one number alone is right, it is that.
  const right = allowed.low === allowed.high ? allowed.low : allowed.exact;
  const off = showExcess(got[worst]!, allowed);
  const operands = about ? ` (${about(worst)})` : '';
  const exact = (flat: number): number => expected(flat)?.exact ?? Number.NaN;
  const causes = dtype ? likelyCauses(wrong, suspects, { exact, count: got.length, dtype }) : [];
  const hints = [
    stale
      ? `they hold ${before}, which stood there before: they were not written`
      : patternOf(wrong, wrongCount, got.length),
    describeCauses(causes),
    lookAt,
  ];
  return (
    `${wrongCount} of ${got.length} elements of ${what} are wrong, the worst at ${showIndex(worst, shape)}: ` +
    `got ${got[worst]}, expected ${show(right)}${off}, bound ${bound}${operands}` +
    hints.flatMap((hint) => (hint ? [`; ${hint}`] : [])).join('')
  );
}
