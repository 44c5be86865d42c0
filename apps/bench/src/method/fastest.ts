import { quartiles } from './statistics.ts';
import { type Clock, type Run, wallClock } from './stopwatch.ts';

const TRIES = 9;

/** The run with the lowest median time, of several that do the same. They are tried in turns. */
export async function fastest(runs: readonly [Run, ...Run[]], now?: Clock): Promise<Run> {
  const stopwatches = runs.map((run) => wallClock(run, now));
  const times = runs.map((): number[] => []);
  for (let round = 0; round < TRIES; round++) {
    for (const [i, stopwatch] of stopwatches.entries()) times[i]!.push(await stopwatch(1));
  }
  const medians = times.map((samples) => quartiles(samples).median);
  return runs[medians.indexOf(Math.min(...medians))]!;
}
