import type { Environment } from '../environment.ts';
import type { Loss } from '../losses.ts';
import type { Method } from '../method/method.ts';
import type { OverheadResult, WorkloadResult } from '../results.ts';
import type { Target } from '../spec.ts';
import type { Verdict } from '../verdicts.ts';
import { goalTable } from './goal-table.ts';
import { lossTable } from './loss-table.ts';
import { meanTable } from './mean-table.ts';
import { overheadTable } from './overhead-table.ts';
import { ratioTables } from './ratio-tables.ts';
import { asMarkdown, asText, type Table } from './table.ts';

/** Of one target: who ran, in what, how. */
export interface TargetReport {
  readonly target: Target;
  readonly engine: string;
  readonly legend: Readonly<Record<string, string>>;
  readonly method: Method;
}

/** All of one run of the bench: what `--json` writes. */
export interface Report {
  readonly date: string;
  readonly environment: Environment;
  readonly targets: readonly TargetReport[];
  readonly results: readonly WorkloadResult[];
  readonly overhead: OverheadResult | null;
  readonly verdicts: readonly Verdict[];
  readonly losses: readonly Loss[];
}

export function reportAsText(report: Report): string {
  return [...tables(report).map(asText), legend(report).join('\n'), circumstances(report).join('\n')].join('\n\n');
}

/** @param plots paths of images, relative to the file that this is written to */
export function reportAsMarkdown(report: Report, plots: readonly string[] = []): string {
  const list = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join('\n');
  const images = plots.map((path) => `![${path}](${encodeURI(path)})`);
  const parts = [...tables(report).map(asMarkdown), ...images, list(legend(report)), list(circumstances(report))];
  return `${parts.join('\n\n')}\n`;
}

function tables({ results, overhead, verdicts, losses }: Report): Table[] {
  const means = meanTable(results);
  return [
    ...ratioTables(results),
    ...(means.rows.length > 1 ? [means] : []),
    ...(overhead === null ? [] : [overheadTable(overhead)]),
    ...(verdicts.length === 0 && overhead === null ? [] : [goalTable(verdicts, overhead)]),
    ...(results.length === 0 ? [] : [lossTable(losses)]),
  ];
}

function legend({ targets }: Report): string[] {
  const about = new Map(targets.flatMap((target) => Object.entries(target.legend)));
  return [...about].map(([name, words]) => `${name}: ${words}`);
}

function circumstances({ date, environment: e, targets }: Report): string[] {
  return [
    `${date}, ${e.cpu}, ${e.cores} cores, ${e.memoryGiB} GiB, ${e.system}`,
    `${e.threads} thread${e.threads === 1 ? '' : 's'} for every candidate`,
    Object.entries(e.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    ...targets.map(
      ({ target, engine, method }) =>
        `${target}: ${engine}; ${method.rounds} interleaved rounds, at least ${method.leastMs} ms of each candidate in a round`,
    ),
    'GB/s counts each input and output of the size of x once, 10^9 bytes',
  ];
}
