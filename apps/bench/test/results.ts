import type { CandidateName } from '../src/candidate.ts';
import type { TimedOutcome, WorkloadResult } from '../src/results.ts';

/** An outcome of one turn. Ours is `ratio` times as fast, in the quartiles too. */
export function timedOutcome(name: CandidateName, ratio = 1, also: Partial<TimedOutcome> = {}): TimedOutcome {
  return {
    name,
    status: 'timed',
    count: 1,
    turns: 1,
    mistake: null,
    nanoseconds: { q1: 1, median: 1, q3: 1 },
    gigabytesPerSecond: 1,
    ratio: { q1: ratio, median: ratio, q3: ratio },
    ...also,
  };
}

/** The result of forward on `shape` in Node, measured in one round. */
export function workloadResult(
  shape: string,
  outcomes: WorkloadResult['outcomes'],
  also: Partial<WorkloadResult> = {},
): WorkloadResult {
  const { target, family, place, dtype } = {
    target: 'node',
    family: 'llm',
    place: 'resident',
    dtype: 'float32',
    ...also,
  } as const;
  return {
    id: `${target}/${family}/${place}/${dtype}/${shape}`,
    ...{ target, family, place, dtype, shape, outcomes },
    op: 'forward',
    elements: 8,
    threads: 1,
    bytesMoved: 64,
    rounds: 1,
    cpuShare: 1,
    ...also,
  };
}
