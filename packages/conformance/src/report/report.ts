import type { Supports } from '@rmsnorm/core';

/** `not-run`: the run ended before this case came; some other case has failed then, or `failFast` was set. */
export type Status = 'pass' | 'fail' | 'skip' | 'not-run';

export interface CaseResult {
  readonly id: string;
  readonly status: Status;
  /** Why it failed (index, got, expected, error, bound, what to look at), was skipped, or was not run. */
  readonly message?: string;
  /** Wall time of the case in milliseconds. */
  readonly ms: number;
}

/** What a report says of the backend. Where none came up, it declares nothing, and `device` is empty. */
export interface BackendFacts {
  readonly backend: string;
  readonly device: string;
  readonly supports: Supports;
}

/** The result of a run, plain data: `JSON.stringify` gives the report that the command lines print with `--json`. */
export interface Report extends BackendFacts {
  readonly seed: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** How many cases were not run. Where it is not 0, `failed` is not 0. */
  readonly notRun: number;
  readonly results: readonly CaseResult[];
}

/** The report of `results`, counted. */
export function reportOf({ backend, device, supports }: BackendFacts, seed: number, results: CaseResult[]): Report {
  const count = (status: Status): number => results.filter((result) => result.status === status).length;
  return {
    backend,
    device,
    supports,
    seed,
    passed: count('pass'),
    failed: count('fail'),
    skipped: count('skip'),
    notRun: count('not-run'),
    results,
  };
}

/** A case that the run did not come to. */
export function notRun(id: string, reason: string): CaseResult {
  return { id, status: 'not-run', message: `not run: ${reason}`, ms: 0 };
}

/** What is known of a backend that did not come up. */
export function unknownBackend(name: string): BackendFacts {
  return {
    backend: name,
    device: '',
    supports: { ops: [], dtypes: [], accuracy: 'loose', features: [], promises: [] },
  };
}
