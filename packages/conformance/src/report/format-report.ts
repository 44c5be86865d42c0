import { plainText } from './plain-text.ts';
import type { CaseResult, Report, Status } from './report.ts';

/** A report for people: what failed and why, what was skipped or not run and why, and the counts. */
export function formatReport(report: Report): string {
  const { backend, device, seed, results } = report;
  const failures = results.filter(({ status }) => status === 'fail');
  const lines = [
    ...failures.map(({ id, message = '' }) => `FAIL  ${id}\n      ${message.replaceAll('\n', '\n      ')}`),
    ...reasons(results, 'skip').map(([reason, count]) => `skip  ${cases(count)}: ${reason}`),
    ...reasons(results, 'not-run').map(([reason, count]) => `      ${cases(count)} ${reason}`),
    `${backend}${device === '' ? '' : ` (${device})`}, seed ${seed}: ${countsOf(report)}`,
  ];
  if (failures.length > 0) lines.push(`again, alone: --filter '${failures[0]!.id}' --seed ${seed}`);
  return plainText(lines.join('\n'));
}

/** `3 passed, 1 failed, 0 skipped in 0.2 s`. */
export function countsOf({ passed, failed, skipped, notRun, results }: Report): string {
  const seconds = results.reduce((total, { ms }) => total + ms, 0) / 1000;
  const lost = notRun > 0 ? `, ${notRun} not run` : '';
  return `${passed} passed, ${failed} failed, ${skipped} skipped${lost} in ${seconds.toFixed(1)} s`;
}

/** The messages of all results of this status, each with its count. */
function reasons(results: readonly CaseResult[], wanted: Status): [reason: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { status, message = '' } of results) {
    if (status === wanted) counts.set(message, (counts.get(message) ?? 0) + 1);
  }
  return [...counts];
}

function cases(count: number): string {
  return `${count} ${count === 1 ? 'case' : 'cases'}`;
}
