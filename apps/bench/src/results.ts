import type { FloatDType } from '@rmsnorm/core';
import type { CandidateName } from './candidate.ts';
import type { Quartiles } from './method/statistics.ts';
import type { BenchOp, Place, Target } from './spec.ts';

/** What happened to one candidate in one workload. */
export type Outcome =
  | TimedOutcome
  | { readonly name: CandidateName; readonly status: 'unable'; readonly reason: string };

export interface TimedOutcome {
  readonly name: CandidateName;
  readonly status: 'timed';
  /** How many runs were timed at once. */
  readonly count: number;
  /** The rounds that it took part in. */
  readonly turns: number;
  /** What is wrong with its result; null where nothing is. Only a peer is timed with a wrong result. */
  readonly mistake: string | null;
  /** The time of one run, over the rounds. */
  readonly nanoseconds: Quartiles;
  /** The workload's bytes over the median time; 10^9 bytes. */
  readonly gigabytesPerSecond: number;
  /** Speed of the first candidate that ran, which is ours, over the speed of this one, round by round. */
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
  /** Of x. */
  readonly elements: number;
  readonly threads: number;
  readonly bytesMoved: number;
  /** The rounds that count: ours took part in all of them. */
  readonly rounds: number;
  /** How many rounds were run, where those in which this process was interrupted do not count. */
  readonly attempts?: number;
  /**
   * Processor time over elapsed time during the rounds: below 1, other programs had the processor meanwhile. null where a
   * GPU does the work.
   */
  readonly cpuShare: number | null;
  /** Ours first. */
  readonly outcomes: readonly Outcome[];
}

/** What one call of forward costs beyond its kernel. */
export interface OverheadResult {
  readonly shape: string;
  readonly forwardNanoseconds: Quartiles;
  readonly kernelNanoseconds: Quartiles;
  /** The difference of both, round by round. */
  readonly overheadNanoseconds: Quartiles;
  /** Speed of the kernel by itself over a copy of as many bytes, within the first-level cache. */
  readonly kernelOverPlainCopy: Quartiles;
  readonly kernelOverSimdCopy: Quartiles;
}

/** What steady calls cost on the processor, on WebGPU in Node. */
export interface WebGPUCalls {
  readonly device: string;
  readonly rounds: number;
  /** Calls of one operation in a round. */
  readonly callsInRound: number;
  readonly calls: readonly {
    readonly call: string;
    /** In our JavaScript alone: the commands go into an encoder that does nothing. */
    readonly javaScript: CallTime;
    readonly withDawn: CallTime;
  }[];
}

/** Of one way to a first result on the command line, over the rounds. */
export interface FirstResultTime {
  readonly what: string;
  readonly rounds: number;
  readonly seconds: Quartiles;
  /** Over npx of a package that holds a command that does nothing, round by round. */
  readonly overNothing: Quartiles;
}

/** Of one call, over the rounds. */
export interface CallTime {
  readonly leastNanoseconds: number;
  readonly medianNanoseconds: number;
}

export function timedOutcome(result: WorkloadResult, name: CandidateName): TimedOutcome | undefined {
  return timedOutcomes(result).find((outcome) => outcome.name === name);
}

/** The outcomes of those whose results are right. */
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
