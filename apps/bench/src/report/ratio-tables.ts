import type { CandidateName } from '../candidate.ts';
import { geometricMean } from '../method/statistics.ts';
import {
  type Outcome,
  oursRan,
  rightOutcomes,
  type TimedOutcome,
  timedOutcome,
  timedOutcomes,
  type WorkloadResult,
} from '../results.ts';
import { byTable, tableTitle } from './families.ts';
import { ratio, ratioWithQuartiles, WRONG } from './format.ts';
import type { Table } from './table.ts';

/** One table for each target, family, place and dtype: sizes down, rivals across, our speed over theirs in the cells. */
export function ratioTables(results: readonly WorkloadResult[]): Table[] {
  return byTable(results).map((family) => (family.every(oursRan) ? ratioTable(family) : speedTable(family)));
}

function ratioTable(family: readonly WorkloadResult[]): Table {
  const [ours, ...rivals] = whoRan(family);
  const rows = family.map((result) => [
    result.shape,
    timedOutcome(result, ours!)!.gigabytesPerSecond.toFixed(2),
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
    head: ['size', 'GB/s', ...rivals],
    rows: [...rows, ...(rows.length > 1 ? [['geometric mean', '', ...means]] : [])],
    notes: [...candidateNotes(family), ...busyNotes(family)],
  };
}

/** Where ours did not run there is nothing to divide by: everybody's own speed. */
function speedTable(family: readonly WorkloadResult[]): Table {
  const names = whoRan(family);
  return {
    title: `${tableTitle(family[0]!)}: GB/s`,
    head: ['size', ...names],
    rows: family.map((result) => [result.shape, ...names.map((name) => speedOf(timedOutcome(result, name)))]),
    notes: [...candidateNotes(family), ...busyNotes(family)],
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

/** Who did not run, was wrong, or had fewer turns: each note once, with the sizes it holds for. */
function candidateNotes(family: readonly WorkloadResult[]): string[] {
  const sizes = new Map<string, string[]>();
  for (const { shape, outcomes, rounds } of family) {
    for (const note of outcomes.flatMap((outcome) => notesOn(outcome, rounds))) {
      sizes.set(note, [...(sizes.get(note) ?? []), shape]);
    }
  }
  return [...sizes].map(([note, shapes]) =>
    shapes.length === family.length ? note : `${note} (${shapes.join(', ')})`,
  );
}

function notesOn(outcome: Outcome, rounds: number): string[] {
  const { name } = outcome;
  if (outcome.status === 'unable') return [`${name} did not run: ${outcome.reason}`];
  const { mistake, turns, nanoseconds } = outcome;
  return [
    ...(mistake === null ? [] : [`${name}: ${mistake}`]),
    ...(turns < rounds
      ? [`${name} had ${turns} of ${rounds} turns: a run takes ${Math.round(nanoseconds.median / 1e6)} ms`]
      : []),
  ];
}

/** Less of a core than this, and the figures tell of the machine's other work too. */
const QUIET_SHARE = 0.95;

function busyNotes(family: readonly WorkloadResult[]): string[] {
  const shares = family.flatMap(({ shape, cpuShare }) =>
    cpuShare !== null && cpuShare < QUIET_SHARE ? [`${shape} ${Math.round(cpuShare * 100)} %`] : [],
  );
  if (shares.length === 0) return [];
  return [`the machine was busy, do not quote: this process had only so much of a core: ${shares.join(', ')}`];
}
