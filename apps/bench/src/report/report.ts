import { COPIES } from '../copies.ts';
import type { Environment } from '../environment.ts';
import { GOALS } from '../goals.ts';
import { type Loss, losses } from '../losses.ts';
import type { Method } from '../method/method.ts';
import type { FirstResultTime, OverheadResult, WebGPUCalls, WorkloadResult } from '../results.ts';
import type { Target } from '../spec.ts';
import { type Verdict, verdicts } from '../verdicts.ts';

/** Of one target: who ran, in what, and how. */
export interface TargetReport {
  readonly target: Target;
  readonly engine: string;
  readonly legend: Readonly<Record<string, string>>;
  readonly method: Method;
}

export interface Measured {
  readonly date: string;
  readonly environment: Environment;
  readonly targets: readonly TargetReport[];
  readonly results: readonly WorkloadResult[];
  readonly overhead: readonly OverheadResult[];
  readonly webgpuCalls: WebGPUCalls | null;
  readonly firstResult: readonly FirstResultTime[];
  /** Targets that did not start and workloads that ended with an error: what is missing above. */
  readonly failures: readonly string[];
}

/** Everything of one run of the bench: what `--json` writes. */
export interface Report extends Measured {
  readonly verdicts: readonly Verdict[];
  readonly losses: readonly Loss[];
}

/** What was measured, judged. */
export function reportOf(measured: Measured): Report {
  const { results } = measured;
  return { ...measured, verdicts: verdicts(GOALS, results), losses: losses(results, COPIES) };
}

/**
 * Several runs as one. Of a workload that several of them measured, the last figures count.
 * @throws Error where they were not made with the same versions, on the same machine, with as many threads; or by a bench
 * that did not yet say in how many rounds a workload was measured
 */
export function merged(reports: readonly Report[]): Report {
  const [first, ...others] = reports;
  if (first === undefined) throw new Error('there is no report');
  const machine = JSON.stringify(first.environment);
  for (const { date, results } of reports) {
    if (results.some(({ rounds }) => rounds === undefined)) {
      throw new Error(
        `the run of ${date} does not say in how many rounds each took part: it was made by an older bench`,
      );
    }
  }
  for (const { date, environment } of others) {
    if (JSON.stringify(environment) !== machine) {
      throw new Error(`the run of ${date} was made elsewhere: ${JSON.stringify(environment)}, not ${machine}`);
    }
  }
  const last = <T>(items: readonly T[], key: (item: T) => string): T[] => [
    ...new Map(items.map((item) => [key(item), item])).values(),
  ];
  return reportOf({
    date: first.date,
    environment: first.environment,
    targets: last(
      reports.flatMap(({ targets }) => targets),
      ({ target }) => target,
    ),
    results: last(
      reports.flatMap(({ results }) => results),
      ({ id }) => id,
    ),
    failures: reports.flatMap(({ failures }) => failures),
    // Older reports hold null, or an object instead of a list, which cannot be shown.
    overhead: reports.findLast(({ overhead }) => Array.isArray(overhead) && overhead.length > 0)?.overhead ?? [],
    webgpuCalls: reports.findLast(({ webgpuCalls }) => webgpuCalls)?.webgpuCalls ?? null,
    // Reports of before 30 November 2026 have none.
    firstResult: reports.findLast(({ firstResult }) => (firstResult ?? []).length > 0)?.firstResult ?? [],
  });
}
