interface Timers {
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
}

const { performance } = globalThis as unknown as { performance: { now(): number } };

/** Milliseconds since some moment; no Node or DOM types needed. */
export function now(): number {
  return performance.now();
}

/** Lets the event loop run: signals, messages and paints come in between. */
export function breathe(): Promise<void> {
  const timers = globalThis as unknown as Timers;
  return new Promise((resolve) => {
    timers.setTimeout(resolve, 0);
  });
}

/** `work`, or a rejection with `late()` where it has not settled after `ms` milliseconds. */
export async function within<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  const timers = globalThis as unknown as Timers;
  let handle: unknown;
  const timeout = new Promise<never>((_, reject) => {
    handle = timers.setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    timers.clearTimeout(handle);
  }
}
