import type { CandidateName } from '../candidate.ts';
import { geometricMean } from '../method/statistics.ts';
import { timedOutcome, type WorkloadResult } from '../results.ts';
import { ratio, ratioWithQuartiles } from './format.ts';
import type { Table } from './table.ts';

/** One table for each place and dtype: sizes down, rivals across, our speed over theirs in the cells. */
export function ratioTables(results: readonly WorkloadResult[]): Table[] {
  const families = new Map<string, WorkloadResult[]>();
  for (const result of results) {
    const key = `${result.dtype}, ${result.place}`;
    families.set(key, [...(families.get(key) ?? []), result]);
  }
  return [...families].map(([title, family]) => ratioTable(title, family));
}

function ratioTable(title: string, family: readonly WorkloadResult[]): Table {
  const [ours, ...others] = family[0]!.outcomes.map(({ name }) => name) as [CandidateName, ...CandidateName[]];
  const rivals = others.filter((name) => family.some((result) => timedOutcome(result, name)));
  const rows = family.map((result) => [
    result.shape,
    timedOutcome(result, ours)!.gigabytesPerSecond.toFixed(2),
    ...rivals.map((name) => {
      const outcome = timedOutcome(result, name);
      return outcome ? ratioWithQuartiles(outcome.ratio) : 'unable';
    }),
  ]);
  const means = rivals.map((name) =>
    ratio(geometricMean(family.flatMap((r) => timedOutcome(r, name)?.ratio.median ?? []))),
  );
  return {
    title: `${title}: speed of ${ours} over each; median [quartiles]`,
    head: ['size', 'GB/s', ...rivals],
    rows: [...rows, ['geometric mean', '', ...means]],
    notes: [...unableNotes(family), ...busyNotes(family)],
  };
}

/** Each reason once, with the sizes it holds for. */
function unableNotes(family: readonly WorkloadResult[]): string[] {
  const sizes = new Map<string, string[]>();
  for (const { shape, outcomes } of family) {
    for (const outcome of outcomes) {
      if (outcome.status !== 'unable') continue;
      const note = `${outcome.name} did not run: ${outcome.reason}`;
      sizes.set(note, [...(sizes.get(note) ?? []), shape]);
    }
  }
  return [...sizes].map(([note, shapes]) =>
    shapes.length === family.length ? note : `${note} (${shapes.join(', ')})`,
  );
}

/** Less of a core than this, and the figures tell of the machine's other work too. */
const QUIET_SHARE = 0.95;

function busyNotes(family: readonly WorkloadResult[]): string[] {
  const disturbed = family.filter(({ cpuShare }) => cpuShare < QUIET_SHARE);
  if (disturbed.length === 0) return [];
  const shares = disturbed.map(({ shape, cpuShare }) => `${shape} ${Math.round(cpuShare * 100)} %`);
  return [`the machine was busy, do not quote: this process had only so much of a core: ${shares.join(', ')}`];
}
