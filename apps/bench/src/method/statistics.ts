// By hand: two formulas. d3-array has the same quantile, but would be a dependency, of pages too, for these few lines.

export interface Quartiles {
  readonly q1: number;
  readonly median: number;
  readonly q3: number;
}

/** Quartiles with linear interpolation between neighbours (type 7 of Hyndman and Fan 1996, as in NumPy). */
export function quartiles(samples: readonly number[]): Quartiles {
  if (samples.length === 0) throw new RangeError('no samples');
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (fraction: number): number => {
    const position = (sorted.length - 1) * fraction;
    const below = Math.floor(position);
    const low = sorted[below]!;
    const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
    return low + (high - low) * (position - below);
  };
  return { q1: at(0.25), median: at(0.5), q3: at(0.75) };
}

/**
 * Quartiles of the ratios of two samples, round by round: both numbers of a ratio met the same machine. A round in which
 * one of them did not take part (null) has no ratio.
 */
export function ratioQuartiles(
  numerators: readonly (number | null)[],
  denominators: readonly (number | null)[],
): Quartiles {
  if (numerators.length !== denominators.length) {
    throw new RangeError(`${numerators.length} rounds against ${denominators.length}`);
  }
  const ratios = numerators.flatMap((value, round) => {
    const divisor = denominators[round]!;
    return value === null || divisor === null ? [] : [value / divisor];
  });
  return quartiles(ratios);
}

export function geometricMean(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values');
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
