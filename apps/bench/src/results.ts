import type { FloatDType } from '@rmsnorm/core';
import type { CandidateName } from './candidate.ts';
import type { Quartiles } from './method/statistics.ts';
import type { BenchOp, Place, Target } from './spec.ts';

/** What became of one candidate in one workload. */
export type Outcome =
  | TimedOutcome
  | { readonly name: CandidateName; readonly status: 'unable'; readonly reason: string };

export interface TimedOutcome {
  readonly name: CandidateName;
  readonly status: 'timed';
  /** Runs between two looks at the clock; a turn has one lot of them or more. */
  readonly count: number;
  /** Rounds that it took part in. */
  readonly turns: number;
  /** What is wrong with its result, which only a peer's may be; null where nothing is. */
  readonly mistake: string | null;
  /** Of one run, over the rounds. */
  readonly nanoseconds: Quartiles;
  /** The workload's bytes over the median time; 10^9 bytes. */
  readonly gigabytesPerSecond: number;
  /** The speed of the first that ran, ours, over its, round by round. */
  readonly ratio: Quartiles;
}

/** One row of a table. */
export interface WorkloadResult {
  readonly id: string;
  readonly target: Target;
  readonly family: string;
  readonly op: BenchOp;
  readonly place: Place;
  readonly dtype: FloatDType;
  readonly shape: string;
  readonly threads: number;
  readonly bytesMoved: number;
  /** Rounds that ours took part in. */
  readonly rounds: number;
  /**
   * Processor time over wall time during the rounds: below 1 others had the processor meanwhile. null where it says
   * nothing: where a GPU does the work.
   */
  readonly cpuShare: number | null;
  /** Ours first. */
  readonly outcomes: readonly Outcome[];
}

export interface OverheadResult {
  readonly shape: string;
  readonly forwardNanoseconds: Quartiles;
  readonly kernelNanoseconds: Quartiles;
  /** forward less kernel, round by round. */
  readonly overheadNanoseconds: Quartiles;
  /** The speed of the kernel by itself over a copy of as many bytes, within the first-level cache. */
  readonly kernelOverPlainCopy: Quartiles;
  readonly kernelOverSimdCopy: Quartiles;
}

export function timedOutcome(result: WorkloadResult, name: CandidateName): TimedOutcome | undefined {
  return timedOutcomes(result).find((outcome) => outcome.name === name);
}

/** Of those whose results are right. */
export function rightOutcomes(result: WorkloadResult): TimedOutcome[] {
  return timedOutcomes(result).filter(({ mistake }) => mistake === null);
}

export function timedOutcomes({ outcomes }: WorkloadResult): TimedOutcome[] {
  return outcomes.filter((outcome) => outcome.status === 'timed');
}

/** Whether the first of the line-up, ours, was timed. */
export function oursRan(result: WorkloadResult): boolean {
  return timedOutcomes(result)[0]?.name === result.outcomes[0]?.name;
}
