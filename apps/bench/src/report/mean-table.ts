import type { CandidateName } from '../candidate.ts';
import { geometricMean } from '../method/statistics.ts';
import { oursRan, rightOutcomes, type WorkloadResult } from '../results.ts';
import { ratio } from './format.ts';
import { byTable, tableTitle } from './grouping.ts';
import type { Table } from './table.ts';

/** The geometric means of all tables, side by side, of candidates whose results are right. */
export function meanTable(results: readonly WorkloadResult[]): Table {
  const tables = byTable(results).filter((family) => family.every(oursRan));
  const rivals = [
    ...new Set(
      tables.flatMap((family) =>
        family.flatMap((r) =>
          rightOutcomes(r)
            .slice(1)
            .map(({ name }) => name),
        ),
      ),
    ),
  ];
  return {
    title: 'Geometric means: speed of ours over each',
    head: ['table', 'sizes', ...rivals],
    rows: tables.map((family) => [
      tableTitle(family[0]!),
      String(family.length),
      ...rivals.map((name) => mean(family, name)),
    ]),
    notes: [],
  };
}

/** A geometric mean, with the number of sizes where these are not all. */
function mean(family: readonly WorkloadResult[], name: CandidateName): string {
  const ratios = family.flatMap((result) => rightOutcomes(result).filter((outcome) => outcome.name === name));
  if (ratios.length === 0) return '-';
  const value = ratio(geometricMean(ratios.map((outcome) => outcome.ratio.median)));
  return ratios.length === family.length ? value : `${value} (${ratios.length})`;
}
