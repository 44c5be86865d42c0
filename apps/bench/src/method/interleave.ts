import type { Clock, Stopwatch } from './stopwatch.ts';

/** A candidate, as far as the rounds need to know it. */
export interface Timed {
  readonly stopwatch: Stopwatch;
  /** How many runs are timed at once. A turn repeats that until it has taken `leastMs`. */
  readonly count: number;
  /** In how many rounds it takes part, spread evenly; in all of them unless given. */
  readonly turns?: number;
  /** Called before each turn; its time does not count. */
  enter?(): void;
}

export interface Rounds {
  readonly rounds: number;
  /** Each turn takes at least this time, whatever a run took when it was calibrated. */
  readonly leastMs: number;
  /** How often this process has been interrupted so far. A round in which that grows does not count, and is repeated. */
  readonly interruptions?: (() => number) | undefined;
  /** After so long, no round is repeated: those that count so far are the result. */
  readonly longestMs?: number | undefined;
}

export interface Samples {
  /** Nanoseconds of one run, by candidate and round that counts; null where the candidate did not take part. */
  readonly nanoseconds: readonly (readonly (number | null)[])[];
  /** How many rounds were run, those included that do not count. */
  readonly attempts: number;
}

/**
 * Times the candidates in rounds: each has its turn in every round, so that what disturbs the machine disturbs all of them.
 * The order changes from round to round, so that no candidate always follows the same other one.
 */
export async function interleave(
  candidates: readonly Timed[],
  { rounds, leastMs, interruptions = () => 0, longestMs = Number.POSITIVE_INFINITY }: Rounds,
  now: Clock = performance.now.bind(performance),
): Promise<Samples> {
  const nanoseconds = candidates.map((): (number | null)[] => []);
  const start = now();
  let attempts = 0;
  for (let round = 0; round < rounds && now() - start < longestMs; attempts++) {
    const sample = new Array<number | null>(candidates.length).fill(null);
    const before = interruptions();
    for (const index of order(candidates.length, attempts)) {
      const { turns = rounds } = candidates[index]!;
      if (takesPart(turns, rounds, round)) sample[index] = await turn(candidates[index]!, leastMs);
    }
    if (interruptions() !== before) continue;
    for (const [index, ns] of sample.entries()) nanoseconds[index]!.push(ns);
    round++;
  }
  return { nanoseconds, attempts };
}

/** Nanoseconds of one run. */
async function turn({ stopwatch, count, enter }: Timed, leastMs: number): Promise<number> {
  enter?.();
  let ms = 0;
  let runs = 0;
  do {
    ms += await stopwatch(count);
    runs += count;
  } while (ms < leastMs);
  return (ms * 1e6) / runs;
}

function takesPart(turns: number, rounds: number, round: number): boolean {
  return Math.floor(((round + 1) * turns) / rounds) > Math.floor((round * turns) / rounds);
}

/** The order of a round: each round begins with the next candidate, and every second one goes backwards. */
export function order(candidates: number, round: number): number[] {
  const indices = Array.from({ length: candidates }, (_, i) => (i + round) % candidates);
  return round % 2 === 0 ? indices : indices.reverse();
}
