import { ConformanceFailure } from '../case/failure.ts';

/** What one element of a result may be, ends included; `NaN` for both where it must be NaN. */
export interface Expected {
  readonly exact: number;
  readonly low: number;
  readonly high: number;
  /** What the bound counts in, where it counts in something: an ulp of float32, or 2^-24 of a sum of terms. */
  readonly unit?: number | undefined;
}

/** Is told every element that has a bound in units. */
export type Observe = (what: string, got: number, exact: number, unit: number) => void;

export interface ResultCheck {
  /** What is compared, for the message. */
  readonly what: string;
  readonly shape: readonly number[];
  /** null where the contract leaves the element open. */
  readonly expected: (flat: number) => Expected | null;
  /** The bound in words. */
  readonly bound: string;
  /** The operands of one element, in words. */
  readonly about?: (flat: number) => string;
  /** What the output was filled with before: an element that still holds it was not written. */
  readonly stale?: number | undefined;
  readonly lookAt?: string | undefined;
  readonly observe?: Observe | undefined;
}

/**
 * Holds every element of `got` to what is expected of it.
 * @throws ConformanceFailure with the worst element: index, got, expected, bound, operands, and what to look at
 */
export function compareResult(got: ArrayLike<number>, check: ResultCheck): void {
  const { what, shape, expected, observe } = check;
  const count = shape.reduce((product, length) => product * length, 1);
  if (got.length !== count) throw new ConformanceFailure(`${what} has ${got.length} elements, not ${count}`);
  let wrong = 0;
  let worst = -1;
  let worstExcess = -1;
  let stale = check.stale !== undefined;
  for (let flat = 0; flat < count; flat++) {
    const value = got[flat]!;
    const allowed = expected(flat);
    if (allowed === null) continue;
    if (observe && allowed.unit !== undefined) observe(what, value, allowed.exact, allowed.unit);
    if (inside(value, allowed)) continue;
    wrong++;
    if (!Object.is(value, check.stale)) stale = false;
    const excess = excessOf(value, allowed);
    if (excess > worstExcess) {
      worstExcess = excess;
      worst = flat;
    }
  }
  if (wrong > 0) throw new ConformanceFailure(explain(got, check, { wrong, worst, stale }));
}

function inside(value: number, { low, high }: Expected): boolean {
  return Number.isNaN(low) ? Number.isNaN(value) : value >= low && value <= high;
}

/** How far a wrong value is off, in units of what is allowed. */
function excessOf(value: number, { exact, low, high }: Expected): number {
  const excess = Math.abs(value - exact) / Math.max(high - exact, exact - low);
  return Number.isNaN(excess) ? Number.POSITIVE_INFINITY : excess;
}

function explain(
  got: ArrayLike<number>,
  { what, shape, expected, bound, about, stale: before, lookAt }: ResultCheck,
  { wrong, worst, stale }: { wrong: number; worst: number; stale: boolean },
): string {
  const allowed = expected(worst)!;
  const excess = excessOf(got[worst]!, allowed);
  const times = Number.isFinite(excess) ? `, ${show(excess)} times what is allowed` : '';
  const operands = about ? ` (${about(worst)})` : '';
  const hints = [stale && `they hold ${before}, which stood there before: they were not written`, lookAt];
  return (
    `${wrong} of ${got.length} elements of ${what} are wrong, the worst at [${coordinates(worst, shape).join(', ')}]: ` +
    `got ${got[worst]}, expected ${show(allowed.exact)}${times}, bound ${bound}${operands}` +
    hints.flatMap((hint) => (hint ? [`; ${hint}`] : [])).join('')
  );
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

/** A number for a message: all of an integer, nine digits of any other. */
export function show(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e9 ? String(value) : String(Number(value.toPrecision(9)));
}
