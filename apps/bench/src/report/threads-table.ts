import { timedOutcome, type WorkloadResult } from '../results.ts';
import { ratioWithQuartiles } from './format.ts';
import { tableTitle } from './grouping.ts';
import { notesOf } from './notes.ts';
import type { Table } from './table.ts';

/** Speed of several threads over one, by the number of elements, with the rounds that count. */
export function threadsTable(family: readonly WorkloadResult[]): Table {
  return {
    title: `${tableTitle(family[0]!)}: speed over one thread; median [quartiles]`,
    head: ['size', 'elements', 'one thread, µs', 'speed over it', 'rounds'],
    rows: family.map((result) => {
      const one = timedOutcome(result, 'rmsnorm-one-thread');
      return [
        result.shape,
        String(result.elements),
        one ? (one.nanoseconds.median / 1000).toFixed(1) : '-',
        one ? ratioWithQuartiles(one.ratio) : 'unable',
        `${result.rounds} of ${result.attempts ?? result.rounds}`,
      ];
    }),
    notes: notesOf(family),
  };
}
