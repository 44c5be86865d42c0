import type { Quartiles } from '../method/statistics.ts';

/** Three digits, and two behind the point where it is below 10: 0.72, 5.31, 14.2, 180. */
export function ratio(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** Stands behind the figure of a candidate whose result is wrong. */
export const WRONG = ' WRONG';

export function ratioWithQuartiles({ q1, median, q3 }: Quartiles): string {
  return `${ratio(median)} [${ratio(q1)} ${ratio(q3)}]`;
}
