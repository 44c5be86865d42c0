import type { CaseResult, Report } from './report.ts';

/** A report for people: what failed and why, what was skipped and why, and the counts. */
export function formatReport(report: Report): string {
  const { backend, device, seed, passed, failed, skipped, results } = report;
  const failures = results.filter(({ status }) => status === 'fail');
  const seconds = results.reduce((total, { ms }) => total + ms, 0) / 1000;
  const lines = [
    ...failures.map(({ id, message = '' }) => `FAIL  ${id}\n      ${message.replaceAll('\n', '\n      ')}`),
    ...skipReasons(results),
    `${backend} (${device}), seed ${seed}: ${passed} passed, ${failed} failed, ${skipped} skipped in ${seconds.toFixed(1)} s`,
  ];
  if (failures.length > 0) lines.push(`again, alone: --filter '${failures[0]!.id}' --seed ${seed}`);
  return lines.join('\n');
}

function skipReasons(results: readonly CaseResult[]): string[] {
  const counts = new Map<string, number>();
  for (const { status, message = '' } of results) {
    if (status === 'skip') counts.set(message, (counts.get(message) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) => `skip  ${count} ${count === 1 ? 'case' : 'cases'}: ${reason}`);
}
