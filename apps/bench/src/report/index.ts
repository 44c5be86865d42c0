import { ENTRANTS } from '../candidates/index.ts';
import type { Environment } from '../environment.ts';
import type { Method } from '../measure.ts';
import type { OverheadResult, WorkloadResult } from '../results.ts';
import type { Verdict } from '../verdicts.ts';
import { goalTable } from './goal-table.ts';
import { overheadTable } from './overhead-table.ts';
import { ratioTables } from './ratio-tables.ts';
import { asMarkdown, asText, type Table } from './table.ts';

/** All of one run of the bench: what `--json` writes. */
export interface Report {
  readonly date: string;
  readonly environment: Environment;
  readonly method: Method;
  readonly results: readonly WorkloadResult[];
  readonly overhead: OverheadResult | null;
  readonly verdicts: readonly Verdict[];
}

export function reportAsText(report: Report): string {
  return [...tables(report).map(asText), legend().join('\n'), circumstances(report).join('\n')].join('\n\n');
}

export function reportAsMarkdown(report: Report): string {
  const list = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join('\n');
  return `${[...tables(report).map(asMarkdown), list(legend()), list(circumstances(report))].join('\n\n')}\n`;
}

function tables({ results, overhead, verdicts }: Report): Table[] {
  return [
    ...ratioTables(results),
    ...(overhead === null ? [] : [overheadTable(overhead)]),
    ...(verdicts.length === 0 && overhead === null ? [] : [goalTable(verdicts, overhead)]),
  ];
}

function legend(): string[] {
  const about = new Map(Object.values(ENTRANTS).flatMap((entrants) => entrants.map((e) => [e.name, e.about])));
  return [...about].map(([name, words]) => `${name}: ${words}`);
}

function circumstances({ date, environment: e, method }: Report): string[] {
  return [
    `${date}, ${e.cpu}, ${e.cores} cores, ${e.memoryGiB} GiB, ${e.system}`,
    `Node ${e.node} (V8 ${e.v8}), ${e.threads} thread for every candidate`,
    Object.entries(e.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    `${method.rounds} interleaved rounds, at least ${method.leastMs} ms of each candidate in a round; GB/s counts x and y once`,
  ];
}
