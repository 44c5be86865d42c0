import type { FirstResultTime } from '../results.ts';
import { ratioWithQuartiles } from './format.ts';
import type { Table } from './table.ts';

/** How long a user waits for a first result. */
export function firstResultTable(times: readonly FirstResultTime[]): Table {
  const { rounds } = times[0]!;
  return {
    title: `To the first result, seconds; ${rounds} round${rounds === 1 ? '' : 's'}, from a registry on this machine, npm's cache empty at first`,
    head: ['', 'median', 'q1', 'q3', 'over npx of nothing'],
    rows: times.map(({ what, seconds, overNothing }) => [
      what,
      ...[seconds.median, seconds.q1, seconds.q3].map((value) => value.toFixed(2)),
      ratioWithQuartiles(overNothing),
    ]),
    notes: [],
  };
}
