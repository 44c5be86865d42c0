import type { FloatDType } from '@rmsnorm/core';
import type { CandidateName } from './candidate.ts';
import type { Quartiles } from './method/statistics.ts';
import type { Place } from './workload.ts';

/** What became of one candidate in one workload. */
export type Outcome =
  | TimedOutcome
  | { readonly name: CandidateName; readonly status: 'unable'; readonly reason: string };

export interface TimedOutcome {
  readonly name: CandidateName;
  readonly status: 'timed';
  /** Runs in one round. */
  readonly count: number;
  /** Of one run, over the rounds. */
  readonly nanoseconds: Quartiles;
  /** Bytes of x and y over the median time; 10^9 bytes. */
  readonly gigabytesPerSecond: number;
  /** Our speed over its, round by round. */
  readonly ratio: Quartiles;
}

/** One row of a table. */
export interface WorkloadResult {
  readonly id: string;
  readonly place: Place;
  readonly dtype: FloatDType;
  readonly shape: string;
  readonly bytesMoved: number;
  /** Processor time of this process over wall time, during the rounds: below 1 others had the processor meanwhile. */
  readonly cpuShare: number;
  /** Ours first. */
  readonly outcomes: readonly Outcome[];
}

export interface OverheadResult {
  readonly shape: string;
  readonly forwardNanoseconds: Quartiles;
  readonly kernelNanoseconds: Quartiles;
  /** forward less kernel, round by round. */
  readonly overheadNanoseconds: Quartiles;
}

export function timedOutcome(result: WorkloadResult, name: CandidateName): TimedOutcome | undefined {
  return result.outcomes.find(
    (outcome): outcome is TimedOutcome => outcome.status === 'timed' && outcome.name === name,
  );
}
