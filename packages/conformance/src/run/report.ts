import type { Supports } from '@rmsnorm/core';

export type Status = 'pass' | 'fail' | 'skip';

export interface CaseResult {
  readonly id: string;
  readonly status: Status;
  /** Why it failed (index, got, expected, error, bound, what to look at) or was skipped. */
  readonly message?: string;
  /** Wall time of the case in milliseconds. */
  readonly ms: number;
}

/** The result of a run, plain data: `JSON.stringify` gives the report that the command lines print with `--json`. */
export interface Report {
  readonly backend: string;
  readonly device: string;
  readonly supports: Supports;
  readonly seed: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly results: readonly CaseResult[];
}
