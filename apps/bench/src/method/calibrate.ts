import type { Stopwatch } from './stopwatch.ts';

/** The fastest of so many tries counts: a single one may have been disturbed, and would make turns too short. */
const TRIES = 5;

export interface Calibration {
  readonly leastMs: number;
  /** How long the candidate runs before, at least: so that the engine has compiled what it will compile. */
  readonly warmUpMs: number;
  /** The largest count, also where that takes less than `leastMs`. */
  readonly mostRuns?: number | undefined;
}

/** Finds how many runs take at least `leastMs` together, and warms up on the way. */
export async function calibrate(
  stopwatch: Stopwatch,
  { leastMs, warmUpMs, mostRuns = Number.POSITIVE_INFINITY }: Calibration,
): Promise<number> {
  let count = 1;
  let spent = 0;
  for (;;) {
    const ms = await stopwatch(count);
    spent += ms;
    const short = ms < leastMs && count < mostRuns;
    if (short) count = Math.min(2 * count, mostRuns);
    if (short || spent < warmUpMs) continue;
    if (count === 1 && ms > 1.1 * leastMs) return 1;
    let fastest = ms;
    for (let i = 1; i < TRIES; i++) fastest = Math.min(fastest, await stopwatch(count));
    // A tenth more, since the rounds may run faster than these tries.
    return Math.min(mostRuns, Math.max(1, Math.ceil((count * leastMs * 1.1) / fastest)));
  }
}
