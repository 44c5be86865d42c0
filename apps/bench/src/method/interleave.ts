import { type Clock, elapsed, type Run } from './calibrate.ts';

export interface Timed {
  readonly run: Run;
  /** Runs between two looks at the clock: a turn has as many lots of them as take the least time. */
  readonly count: number;
  /** In how many rounds it takes part, evenly spread; in all of them unless given. */
  readonly turns?: number;
  /** Called before each turn, outside of its time. */
  enter?(): void;
}

export interface Turns {
  readonly rounds: number;
  /** Of each turn, whatever a run took when it was calibrated. */
  readonly leastMs: number;
}

/**
 * Nanoseconds of one run, of each candidate in each round; null where it did not take part. In every round each candidate
 * has its turn, so that what disturbs the machine for a while disturbs them all; the order changes, so that nobody always
 * follows the same one.
 */
export async function interleave(
  candidates: readonly Timed[],
  { rounds, leastMs }: Turns,
  now?: Clock,
): Promise<(number | null)[][]> {
  const samples = candidates.map((): (number | null)[] => new Array(rounds).fill(null));
  for (let round = 0; round < rounds; round++) {
    for (const index of order(candidates.length, round)) {
      const { run, count, turns = rounds, enter } = candidates[index]!;
      if (!takesPart(turns, rounds, round)) continue;
      enter?.();
      let ms = 0;
      let runs = 0;
      do {
        ms += await elapsed(run, count, now);
        runs += count;
      } while (ms < leastMs);
      samples[index]![round] = (ms * 1e6) / runs;
    }
  }
  return samples;
}

function takesPart(turns: number, rounds: number, round: number): boolean {
  return Math.floor(((round + 1) * turns) / rounds) > Math.floor((round * turns) / rounds);
}

/** The order of a round: each starts one further on, and every second one goes backwards. */
export function order(candidates: number, round: number): number[] {
  const indices = Array.from({ length: candidates }, (_, i) => (i + round) % candidates);
  return round % 2 === 0 ? indices : indices.reverse();
}
