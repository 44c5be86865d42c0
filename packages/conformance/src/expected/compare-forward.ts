import { ConformanceFailure } from '../case/failure.ts';
import { FORMATS, ulp } from '../inputs/formats.ts';
import { allowed, roundsOnce, unitOf } from './allowed.ts';
import { describeTolerance, float32Error, isInside, leastRelativeBound, type Tolerance } from './bounds.ts';
import { type Observe, passesQuickly } from './compare-result.ts';
import { noteComparison } from './comparisons.ts';
import { diagnose, type WrongElement } from './diagnose.ts';
import { elementAt, exactForward, exactRstd, type ForwardOperands } from './exact-forward.ts';
import { forwardSuspects } from './hypotheses.ts';
import { show, showError, showIndex } from './messages.ts';
import { featureOf, rowOf, rowsShape } from './normalization.ts';
import { describeCauses, likelyCauses } from './suspects.ts';

export interface ForwardCheck {
  readonly operands: ForwardOperands;
  /** Of the tensor, for the index in the message. */
  readonly shape: readonly number[];
  readonly tolerance: Tolerance;
  /** What the output was filled with before: an element that still holds it was not written. */
  readonly stale?: number | undefined;
  /** What to look at, where the case knows more than the numbers tell. */
  readonly lookAt?: string | undefined;
  /** What is compared; 'y' unless given. */
  readonly what?: string | undefined;
  readonly observe?: Observe | undefined;
}

/**
 * Holds `got`, the elements of y as numbers, against the formula in float64.
 * @throws ConformanceFailure with the worst element: index, got, expected, error in ulp, bound, and what to look at
 */
export function compareForward(got: ArrayLike<number>, check: ForwardCheck): void {
  const { operands, tolerance, what = 'y', observe } = check;
  const { dtype, normalization } = operands;
  const { casting } = normalization;
  const rstd = exactRstd(operands);
  const exact = exactForward(operands, rstd);
  if (got.length !== exact.length) {
    throw new ConformanceFailure(`${what} has ${got.length} elements, not ${exact.length}`);
  }
  noteComparison({
    what,
    shape: check.shape,
    got,
    expected: (flat) => exact[flat]!,
    bound: describeTolerance(tolerance, dtype),
  });
  const quick =
    roundsOnce(casting, dtype) && !observe
      ? { dtype, exact, relative: leastRelativeBound(tolerance, operands.beta) }
      : null;
  const wrong: WrongElement[] = [];
  for (let flat = 0; flat < got.length; flat++) {
    const value = got[flat]!;
    if (quick && passesQuickly(value, quick, flat)) continue;
    const element = elementAt(operands, rstd, flat);
    const unit = observe && unitOf(element, dtype, casting);
    if (unit !== undefined) observe!(what, value, element.y, unit);
    const interval = allowed(element, dtype, casting, tolerance);
    if (interval === null || isInside(value, interval)) continue;
    const feature = featureOf(normalization, flat) % normalization.size;
    wrong.push({ flat, feature, row: rowOf(normalization, flat), got: value, element, interval });
  }
  if (wrong.length > 0) throw new ConformanceFailure(explain(wrong, got, check, { rstd, exact }));
}

/**
 * Holds `got`, [outer, groups, inner], against r / alpha in float64. Values beyond float32's normal range are open.
 * @throws ConformanceFailure
 */
export function compareRstd(got: ArrayLike<number>, operands: ForwardOperands, tolerance: Tolerance): void {
  const expected = exactRstd(operands);
  if (got.length !== expected.length) {
    throw new ConformanceFailure(`rstd has ${got.length} elements, not ${expected.length}`);
  }
  const shape = rowsShape(operands.normalization);
  const bound = describeTolerance(tolerance, 'float32');
  noteComparison({ what: 'rstd', shape, got, expected: (row) => expected[row]!, bound });
  for (let row = 0; row < expected.length; row++) {
    const exact = expected[row]!;
    if (!Number.isNaN(exact) && !(exact >= FORMATS.float32.minNormal && exact <= FORMATS.float32.max)) continue;
    const unit = ulp(FORMATS.float32, exact);
    const error = float32Error(tolerance, exact);
    if (Number.isNaN(exact) ? Number.isNaN(got[row]!) : Math.abs(got[row]! - exact) <= error) continue;
    const cause = rstdCause(got, expected, operands.normalization.alpha);
    throw new ConformanceFailure(
      `rstd of row ${row} of ${expected.length}: got ${got[row]}, expected ${exact}` +
        `${showError(got[row]!, exact, unit, 'ulp')}, bound ${bound}; ${cause && `${cause}; `}` +
        `rstd holds r / alpha, alpha = ${operands.normalization.alpha}, in [outer, groups, inner]`,
    );
  }
}

/** A mistake that would give just this rstd, in words; empty where none of them would. */
function rstdCause(got: ArrayLike<number>, expected: Float64Array, alpha: number): string {
  const known = { exact: (row: number) => expected[row]!, count: expected.length, dtype: 'float32' } as const;
  const suspects = [
    { cause: 'r itself, with alpha in it', values: () => (alpha === 1 ? null : expected.map((rstd) => rstd * alpha)) },
    { cause: 'the root, not what divides by it', values: () => expected.map((rstd) => 1 / rstd) },
    { cause: 'the mean square, not its inverse root', values: () => expected.map((rstd) => rstd ** -2) },
    { cause: 'the inverse of the mean square, without a root', values: () => expected.map((rstd) => rstd ** 2) },
  ];
  const all = Array.from(got, (value, flat) => ({ flat, got: value }));
  return describeCauses(likelyCauses(all, suspects, known)) || '';
}

function explain(
  wrong: readonly WrongElement[],
  got: ArrayLike<number>,
  { operands, shape, tolerance, stale, lookAt, what = 'y' }: ForwardCheck,
  { rstd, exact }: { readonly rstd: Float64Array; readonly exact: Float64Array },
): string {
  const worst = wrong.reduce((a, b) => (severity(b) > severity(a) ? b : a));
  const { dtype, normalization, x } = operands;
  const { y, weight, beta, magnitude } = worst.element;
  const error = showError(
    worst.got,
    y,
    ulp(FORMATS[dtype], magnitude),
    dtype === 'float32' ? 'ulp' : `steps of ${dtype}`,
  );
  const known = { exact: (flat: number) => exact[flat]!, count: got.length, dtype };
  const cause = describeCauses(likelyCauses(wrong, forwardSuspects(operands), known));
  const hints = [cause, diagnose(wrong, worst, operands, rstd, stale), lookAt].filter((hint) => hint);
  return (
    `${wrong.length} of ${got.length} elements of ${what} are wrong, the worst at ${showIndex(worst.flat, shape)}: ` +
    `got ${worst.got}, expected ${show(y)}${error}, bound ${describeTolerance(tolerance, dtype)} ` +
    `(x = ${x[worst.flat]}, r = ${show(normalization.alpha * rstd[worst.row]!)}, weight = ${weight}, ` +
    `beta = ${beta})${hints.map((hint) => `; ${hint}`).join('')}`
  );
}

/** How far it is off, in units of what is allowed: near 0, an ulp is no measure. */
function severity({ got, element: { y, magnitude }, interval: { low, high } }: WrongElement): number {
  const allowed = Math.max(high - y, y - low, ulp(FORMATS.float32, magnitude) / 2);
  const excess = Math.abs(got - y) / allowed;
  return Number.isNaN(excess) ? Number.POSITIVE_INFINITY : excess;
}
