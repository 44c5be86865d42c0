import type { FloatDType } from '@rmsnorm/core';
import { float32Error, type Interval, loosened, rounded, type Tolerance } from '../expected/bounds.ts';
import type { Expected } from '../expected/compare-result.ts';
import {
  allowed,
  type Element,
  exactElement,
  mayOverflow,
  mayVanish,
  type Operands,
  overflowsBefore,
  unitOf,
} from '../expected/exact-forward.ts';
import type { Arrangement } from '../expected/normalization.ts';
import { FORMATS, round } from '../inputs/formats.ts';

/** Which row, [outer, groups, inner], an element belongs to. */
export function rowOf({ size, inner }: Arrangement, flat: number): number {
  return Math.floor(flat / (size * inner)) * inner + (flat % inner);
}

/** Which element of gamma and beta belongs to an element. */
export function featureOf({ groups, size, inner }: Arrangement, flat: number): number {
  return Math.floor(flat / inner) % (groups * size);
}

/** One element of forward in float64, with a statistic that may come from elsewhere. */
export function elementAt({ arrangement, x, gamma, beta }: Operands, rstd: ArrayLike<number>, flat: number): Element {
  const feature = featureOf(arrangement, flat);
  const weight = gamma ? arrangement.weightOffset + gamma[feature]! : 1;
  const r = arrangement.alpha * rstd[rowOf(arrangement, flat)]!;
  return exactElement(x[flat]!, r, weight, beta ? beta[feature]! : 0);
}

/** What forward may give where its statistic is `rstd`, r / alpha of every row. */
export function expectForward(
  operands: Operands,
  rstd: ArrayLike<number>,
  tolerance: Tolerance,
): (flat: number) => Expected | null {
  const { dtype, arrangement } = operands;
  return (flat) => {
    const element = elementAt(operands, rstd, flat);
    const interval = allowed(element, dtype, arrangement.casting, tolerance);
    return interval && { exact: element.y, ...interval, unit: unitOf(element, dtype, arrangement.casting) };
  };
}

/**
 * What y times `times` may be before its last rounding: within the tolerance of the exact product, or, under 'llama', of
 * what follows from either neighbour of a tie that x * r may be rounded to. Null where x * r or y itself does not fit
 * into float32, and where x * r becomes infinite and meets a `times` below float32: their product is an infinity in
 * float64 and a NaN in float32, and the contract promises neither.
 */
export function unrounded(
  element: Element,
  dtype: FloatDType,
  casting: 'gemma' | 'llama',
  tolerance: Tolerance,
  times = 1,
): Interval | null {
  const { normed, weight, beta, y } = element;
  const { max, minNormal } = FORMATS.float32;
  if (!Number.isFinite(weight * times) && mayVanish(normed, dtype, casting)) return null;
  if (overflowsBefore(element, dtype, casting)) return null;
  if (Math.abs(times) < minNormal && mayOverflow(normed, dtype, casting)) return null;
  if (!Number.isFinite(y * times)) return { low: y * times, high: y * times };
  if (Math.abs(normed) > max || Math.abs(y) > max) return null;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const factor of roundedFactors(normed, dtype, casting, tolerance)) {
    const product = factor * weight;
    const lost = normed !== 0 && Math.abs(normed) < minNormal ? minNormal * (1 + Math.abs(weight)) : 0;
    const magnitude = Math.max(Math.abs(product), Math.abs(beta));
    const error = float32Error(tolerance, magnitude * Math.abs(times)) + lost * Math.abs(times);
    low = Math.min(low, (product + beta) * times - error);
    high = Math.max(high, (product + beta) * times + error);
  }
  return { low, high };
}

function roundedFactors(
  normed: number,
  dtype: FloatDType,
  casting: 'gemma' | 'llama',
  tolerance: Tolerance,
): readonly number[] {
  if (casting === 'gemma' || dtype === 'float32') return [normed];
  const error = float32Error(tolerance, Math.abs(normed));
  return [round(FORMATS[dtype], normed - error), round(FORMATS[dtype], normed + error)];
}

/** An interval before the last rounding, rounded to the dtype as the class of accuracy does it. */
export function roundedTo(
  dtype: FloatDType,
  { low, high }: Interval,
  magnitude: number,
  { accuracy }: Tolerance,
): Interval {
  if (Number.isNaN(low)) return { low, high };
  const ends = (value: number): Interval =>
    accuracy === 'loose' ? loosened(dtype, value, magnitude, 0) : rounded(dtype, value, 0);
  return { low: ends(low).low, high: ends(high).high };
}
