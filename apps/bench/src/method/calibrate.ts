export type Run = (count: number) => void | Promise<void>;

export type Clock = () => number;

/** Milliseconds of `count` runs. A run that is not asynchronous is not made so by an await. */
export async function elapsed(
  run: Run,
  count: number,
  now: Clock = performance.now.bind(performance),
): Promise<number> {
  const start = now();
  const pending = run(count);
  if (pending !== undefined) await pending;
  return now() - start;
}

/** Of so many tries the fastest counts: one by itself may have been disturbed, and would make turns too short. */
const TRIES = 5;

/**
 * How many runs take at least `leastMs` together. Warms up on the way: runs for at least `warmUpMs`, so that the engine
 * has compiled what it compiles.
 */
export async function calibrate(run: Run, leastMs: number, warmUpMs: number, now?: Clock): Promise<number> {
  let count = 1;
  let spent = 0;
  for (;;) {
    const ms = await elapsed(run, count, now);
    spent += ms;
    if (spent < warmUpMs || ms < leastMs) {
      if (ms < leastMs) count *= 2;
      continue;
    }
    if (count === 1 && ms > 1.1 * leastMs) return 1;
    let fastest = ms;
    for (let i = 1; i < TRIES; i++) fastest = Math.min(fastest, await elapsed(run, count, now));
    // A tenth more, since the next rounds may run faster than these.
    return Math.max(1, Math.ceil((count * leastMs * 1.1) / fastest));
  }
}
