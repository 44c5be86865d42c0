import type { BackendProvider } from '@rmsnorm/core';
import { formatReport } from '../report/format-report.ts';
import type { CaseResult, Report } from '../report/report.ts';
import { probed } from './probe.ts';
import { type RunOptions, runConformance } from './run.ts';
import { DEFAULT_TIMEOUT } from './session.ts';

/** A runner shows the whole message of a test that failed. */
const MOST_FAILURES = 20;

/**
 * As {@link runConformance}, for a test of any runner: rejects, with the report as text, unless all cases passed.
 *
 * @throws Error where a case failed, and where the provider's probe says that the backend cannot run here; what
 *     {@link runConformance} throws
 */
export async function assertConformance(provider: BackendProvider, options?: RunOptions): Promise<Report> {
  const probe = await probed(provider, options?.timeout ?? DEFAULT_TIMEOUT);
  if (probe instanceof Error) throw probe;
  if (!probe.ok) {
    const hint = probe.hint ? ` (${probe.hint})` : '';
    throw new Error(`backend '${provider.name}' is not available: ${probe.code}: ${probe.reason}${hint}`);
  }
  const report = await runConformance(provider, options);
  if (report.failed > 0) throw new Error(`the backend does not conform\n${textOf(report)}`);
  return report;
}

/** The report, with the first failures alone where there are many. */
function textOf(report: Report): string {
  const failures = report.results.filter(({ status }) => status === 'fail');
  if (failures.length <= MOST_FAILURES) return formatReport(report);
  const shown = new Set<CaseResult>(failures.slice(0, MOST_FAILURES));
  const results = report.results.filter((result) => result.status !== 'fail' || shown.has(result));
  return `the first ${MOST_FAILURES} failures of ${failures.length}:\n${formatReport({ ...report, results })}`;
}
