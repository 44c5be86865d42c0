import type { Counterexample, FuzzReport } from './fuzz.ts';
import { formatTrial } from './trial-text.ts';

/** The report of a fuzz for people: the largest errors, what failed, and how to run that again. */
export function formatFuzz(report: FuzzReport, module: string): string {
  const { backend, device, seed, rows, trials, failures, largest } = report;
  const counted = `${rows} rows in ${trials} calls`;
  return [
    ...[...largest]
      .sort((a, b) => key(a).localeCompare(key(b)))
      .map((entry) => `largest error  ${key(entry).padEnd(32)} ${entry.error.toFixed(3)}`),
    ...failures.map((failure) => formatCounterexample(failure, module)),
    `${backend} (${device}), seed ${seed}: ${counted}, ${failures.length} failed`,
  ].join('\n');
}

/** One failure with the command that repeats it. */
export function formatCounterexample({ trial, message }: Counterexample, module: string): string {
  const text = message.replaceAll('\n', '\n      ');
  return `FAIL  ${trial.op} ${trial.dtype}\n      ${text}\n      again: rmsnorm-conformance ${module} --replay '${formatTrial(trial)}'`;
}

function key({ op, output, dtype }: FuzzReport['largest'][number]): string {
  return `${op} ${output} ${dtype}`;
}
