import type { CandidateName } from '../candidate.ts';
import { geometricMean } from '../method/statistics.ts';
import {
  oursRan,
  rightOutcomes,
  type TimedOutcome,
  timedOutcome,
  timedOutcomes,
  type WorkloadResult,
} from '../results.ts';
import type { Target } from '../spec.ts';
import { ratio, ratioWithQuartiles, WRONG } from './format.ts';
import { byTable, tableTitle } from './grouping.ts';
import { notesOf } from './notes.ts';
import type { Table } from './table.ts';
import { threadsTable } from './threads-table.ts';

/**
 * One table for each target, family, place and dtype: a size in each row, and our speed over a rival's in each column.
 */
export function ratioTables(results: readonly WorkloadResult[]): Table[] {
  return byTable(results).map((family) => {
    if (!family.every(oursRan)) return speedTable(family);
    return family[0]!.target === 'threads' ? threadsTable(family) : ratioTable(family);
  });
}

function ratioTable(family: readonly WorkloadResult[]): Table {
  const [ours, ...rivals] = whoRan(family);
  const columns = columnsOfOurs(family[0]!.target);
  const rows = family.map((result) => [
    result.shape,
    ...columns.map(({ cell }) => cell(timedOutcome(result, ours!)!)),
    ...rivals.map((name) => {
      const outcome = timedOutcome(result, name);
      return outcome ? `${ratioWithQuartiles(outcome.ratio)}${outcome.mistake === null ? '' : WRONG}` : 'unable';
    }),
  ]);
  const means = rivals.map((name) => {
    const right = family.flatMap((result) => rightOutcomes(result).filter((outcome) => outcome.name === name));
    return right.length === 0 ? '-' : ratio(geometricMean(right.map((outcome) => outcome.ratio.median)));
  });
  return {
    title: `${tableTitle(family[0]!)}: speed of ${ours} over each; median [quartiles]`,
    head: ['size', ...columns.map(({ head }) => head), ...rivals],
    rows: [...rows, ...(rows.length > 1 ? [['geometric mean', ...columns.map(() => ''), ...means]] : [])],
    notes: notesOf(family),
  };
}

interface Column {
  readonly head: string;
  cell(ours: TimedOutcome): string;
}

const GIGABYTES: Column = { head: 'GB/s', cell: ({ gigabytesPerSecond }) => gigabytesPerSecond.toFixed(2) };
const MICROSECONDS: Column = { head: 'µs', cell: ({ nanoseconds }) => (nanoseconds.median / 1000).toFixed(1) };

function columnsOfOurs(target: Target): readonly Column[] {
  return target === 'gpu-clock' ? [MICROSECONDS, GIGABYTES] : [GIGABYTES];
}

/** Where ours did not run there is nothing to divide by: the table shows every speed. */
function speedTable(family: readonly WorkloadResult[]): Table {
  const names = whoRan(family);
  return {
    title: `${tableTitle(family[0]!)}: GB/s`,
    head: ['size', ...names],
    rows: family.map((result) => [result.shape, ...names.map((name) => speedOf(timedOutcome(result, name)))]),
    notes: notesOf(family),
  };
}

function speedOf(outcome: TimedOutcome | undefined): string {
  if (outcome === undefined) return 'unable';
  return `${outcome.gigabytesPerSecond.toFixed(3)}${outcome.mistake === null ? '' : WRONG}`;
}

function whoRan(family: readonly WorkloadResult[]): CandidateName[] {
  return [...new Set(family.flatMap(({ outcomes }) => outcomes.map(({ name }) => name)))].filter((name) =>
    family.some((result) => timedOutcomes(result).some((outcome) => outcome.name === name)),
  );
}
