import { oursRan } from '../results.ts';
import { PEER_TARGETS } from '../spec.ts';
import { callsTable } from './calls-table.ts';
import { firstResultTable } from './first-result-table.ts';
import { goalTable } from './goal-table.ts';
import { lossTable } from './loss-table.ts';
import { meanTable } from './mean-table.ts';
import { overheadTable } from './overhead-table.ts';
import { ratioTables } from './ratio-tables.ts';
import type { Report } from './report.ts';
import { asMarkdown, asText, type Table } from './table.ts';

export function reportAsText(report: Report): string {
  return [
    ...tables(report).map(asText),
    ...failed(report),
    legend(report).join('\n'),
    circumstances(report).join('\n'),
  ].join('\n\n');
}

/** @param plots paths of images, relative to the file that this text will be */
export function reportAsMarkdown(report: Report, plots: readonly string[] = []): string {
  const list = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join('\n');
  const images = plots.map((path) => `![${path}](${encodeURI(path)})`);
  const parts = [
    ...tables(report).map(asMarkdown),
    ...images,
    ...failed(report),
    list(legend(report)),
    list(circumstances(report)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function tables({ results, overhead, webgpuCalls, firstResult, verdicts, losses }: Report): Table[] {
  const means = meanTable(results);
  const compared = results.filter(({ target }) => PEER_TARGETS.some((name) => name === target));
  return [
    ...ratioTables(results),
    ...(means.rows.length > 1 ? [means] : []),
    ...overhead.map(overheadTable),
    ...(webgpuCalls ? [callsTable(webgpuCalls)] : []),
    ...(firstResult.length > 0 ? [firstResultTable(firstResult)] : []),
    ...(verdicts.length === 0 && overhead.length === 0 ? [] : [goalTable(verdicts, overhead)]),
    ...(compared.length === 0 ? [] : [lossTable(losses, compared.filter((result) => !oursRan(result)).length)]),
  ];
}

/** What is missing above, and why. */
function failed({ failures }: Report): string[] {
  return failures.length === 0 ? [] : [`FAILED, and missing above:\n${failures.map((line) => `  ${line}`).join('\n')}`];
}

function legend({ targets }: Report): string[] {
  const about = new Map(targets.flatMap((target) => Object.entries(target.legend)));
  return [...about].map(([name, words]) => `${name}: ${words}`);
}

function circumstances({ date, environment: e, targets }: Report): string[] {
  return [
    `${date}, ${e.cpu}, ${e.cores} cores, ${e.memoryGiB} GiB, ${e.system}`,
    `${e.threads} thread${e.threads === 1 ? '' : 's'} for every candidate, unless a table says otherwise`,
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
