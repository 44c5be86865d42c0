import type { Interval } from './bounds.ts';
import type { Element, ForwardOperands } from './exact-forward.ts';
import { show } from './messages.ts';
import type { Normalization } from './normalization.ts';
import { patternOf } from './suspects.ts';

/** One element of y that is wrong. */
export interface WrongElement {
  readonly flat: number;
  /** Index in its row. */
  readonly feature: number;
  readonly row: number;
  readonly got: number;
  readonly element: Element;
  readonly interval: Interval;
}

/** What the pattern of wrong elements points to. */
export function diagnose(
  wrong: readonly WrongElement[],
  worst: WrongElement,
  { normalization, x, dtype }: ForwardOperands,
  rstd: Float64Array,
  stale: number | undefined,
): string {
  const { outer, groups, size, inner } = normalization;
  if (stale !== undefined && wrong.every((entry) => Object.is(entry.got, stale))) {
    return `they hold ${stale}, which stood in out before: they were not written`;
  }
  if (!Number.isFinite(worst.got) && Number.isFinite(worst.element.y)) {
    return 'a finite row gave a value that is not: look at sums of squares that overflow or underflow, and at zero denominators';
  }
  const pattern = patternOf(wrong, wrong.length, x.length);
  if (pattern !== '') return pattern;
  const rows = outer * groups * inner;
  const firstWrongFeature = Math.min(...rangeOf(wrong, (entry) => entry.feature));
  if (size > 16 && firstWrongFeature >= size - (size % 16) && size % 16 > 0) {
    return `only features from ${firstWrongFeature} of ${size} on are wrong: look at the tail of a row`;
  }
  const [firstRow, lastRow] = rangeOf(wrong, (entry) => entry.row);
  if (rows > 1 && firstRow === lastRow) return `only row ${firstRow} of ${rows} is wrong`;
  const ratio = commonRatio(wrong, worst.row);
  if (ratio !== null) {
    return `all of row ${worst.row} is off by the factor ${show(ratio)}: look at the statistic (sum of squares, eps, statSize, alpha)`;
  }
  const other = rowOfResult(worst, x, rstd, normalization);
  if (other !== null) return `that is the result with the statistic of row ${other}: look at axis, groups and inner`;
  return dtype === 'float32' ? '' : 'look at how often, and to what, the result is rounded';
}

function rangeOf(wrong: readonly WrongElement[], of: (entry: WrongElement) => number): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const entry of wrong) {
    low = Math.min(low, of(entry));
    high = Math.max(high, of(entry));
  }
  return [low, high];
}

/** got / expected where it is the same for all wrong elements of `row`, at least three of them. */
function commonRatio(wrong: readonly WrongElement[], row: number): number | null {
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
  { row, flat, got, element }: WrongElement,
  x: ArrayLike<number>,
  rstd: Float64Array,
  { alpha }: Normalization,
): number | null {
  for (let other = 0; other < Math.min(rstd.length, 1000); other++) {
    if (other === row) continue;
    const guess = x[flat]! * alpha * rstd[other]! * element.weight + element.beta;
    if (guess !== 0 && Math.abs(got / guess - 1) < 1e-6) return other;
  }
  return null;
}
