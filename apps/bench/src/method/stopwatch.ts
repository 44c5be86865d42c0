/** Does something `count` times, to its end. */
export type Run = (count: number) => void | Promise<void>;

/** Does something `count` times, and says how many milliseconds that took. */
export type Stopwatch = (count: number) => Promise<number>;

export type Clock = () => number;

/**
 * Times a run by the clock of this process or page. A run that is not asynchronous is not awaited, which would take
 * time.
 */
export function wallClock(run: Run, now: Clock = performance.now.bind(performance)): Stopwatch {
  return async (count) => {
    const start = now();
    const pending = run(count);
    if (pending !== undefined) await pending;
    return now() - start;
  };
}

/** Times each call by itself, and counts every one as the median of them: a call that was interrupted does not show. */
export function medianCall(call: () => void, now: Clock = performance.now.bind(performance)): Stopwatch {
  return async (count) => {
    const times = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const start = now();
      call();
      times[i] = now() - start;
    }
    return times.sort()[count >> 1]! * count;
  };
}
