import { rightOutcomes, type WorkloadResult } from '../results.ts';

/** One candidate at one size. */
export interface Point {
  readonly candidate: string;
  readonly megabytes: number;
  readonly gigabytesPerSecond: number;
  readonly q1: number;
  readonly q3: number;
  readonly shape: string;
}

/**
 * Speed over the bytes that a workload moves, of candidates whose results are right. Quartiles of time become quartiles
 * of speed.
 */
export function pointsOf(results: readonly WorkloadResult[]): Point[] {
  return results.flatMap((result) =>
    rightOutcomes(result).map(({ name, nanoseconds, gigabytesPerSecond }) => ({
      candidate: name,
      megabytes: result.bytesMoved / 1e6,
      gigabytesPerSecond,
      q1: result.bytesMoved / nanoseconds.q3,
      q3: result.bytesMoved / nanoseconds.q1,
      shape: result.shape,
    })),
  );
}
