import { type Clock, elapsed, type Run } from './calibrate.ts';

export interface Timed {
  readonly run: Run;
  /** Runs in one round. */
  readonly count: number;
  /** Called before each turn, outside of its time. */
  enter?(): void;
}

/**
 * Nanoseconds of one run, of each candidate in each round. In every round each candidate has its turn, so that what
 * disturbs the machine for a while disturbs them all; the order changes, so that nobody always follows the same one.
 */
export async function interleave(candidates: readonly Timed[], rounds: number, now?: Clock): Promise<number[][]> {
  const samples: number[][] = candidates.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const index of order(candidates.length, round)) {
      const { run, count, enter } = candidates[index]!;
      enter?.();
      samples[index]!.push(((await elapsed(run, count, now)) * 1e6) / count);
    }
  }
  return samples;
}

/** The order of a round: each starts one further on, and every second one goes backwards. */
export function order(candidates: number, round: number): number[] {
  const indices = Array.from({ length: candidates }, (_, i) => (i + round) % candidates);
  return round % 2 === 0 ? indices : indices.reverse();
}
