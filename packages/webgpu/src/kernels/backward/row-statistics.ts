import type { Layout } from '../planning/layout.ts';
import type { Declared } from '../wgsl/access.ts';

/** What is kept of every row between the dispatches of a gradient: r, its power of two, the mean of g n; bits, for one is no float. */
export const ROW_STATISTICS: Declared = { name: 'statistics', type: 'array<vec4u>', write: true };

/** Bytes of a row's. */
export const ROW_STATISTICS_BYTES = 16;

/** `put_statistics(row, s, mean)`, for each row. */
export function putStatistics({ statistics }: Layout): string {
  const one = (at: string, lane: string): string =>
    `statistics[${at}] = vec4u(bitcast<u32>(s.r${lane}), bitcast<u32>(s.power${lane}), bitcast<u32>(mean${lane}), 0u);`;
  const all =
    statistics === 1
      ? one('row.index', '')
      : Array.from({ length: statistics }, (_, i) => one(`row.index + ${i}u`, `.${'xyzw'[i]}`)).join(' ');
  return `fn put_statistics(row: Row, s: Statistic, mean: S) { ${all} }`;
}
