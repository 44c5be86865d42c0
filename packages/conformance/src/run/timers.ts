interface Timers {
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
  setImmediate?(callback: () => void): unknown;
}

const { performance } = globalThis as unknown as { performance: { now(): number } };

/** Taken before any driver runs, which may replace them. */
const { setTimeout, clearTimeout, setImmediate } = globalThis as unknown as Timers;

/** Timers take no more, and fire at once where they are given more. */
const LONGEST = 2 ** 31 - 1;

/** Milliseconds since some moment; no Node or DOM types needed. */
export function now(): number {
  return performance.now();
}

/** Lets the event loop run: signals, messages and paints come in between. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}

/** Waits until the runtime has told of the rejections that nobody handles. Far shorter than a timer where there is a way. */
export async function nextTurn(): Promise<void> {
  if (setImmediate) return new Promise((resolve) => void setImmediate(resolve));
  // A page tells of them in a task of its own, which may come after the first message.
  for (let turn = 0; turn < 2; turn++) {
    await new Promise<void>((resolve) => {
      if (!postMessageTo(resolve)) setTimeout(resolve, 0);
    });
  }
}

interface Channel {
  readonly port1: { onmessage: (() => void) | null; close(): void };
  readonly port2: { postMessage(message: unknown): void };
}

function postMessageTo(callback: () => void): boolean {
  const { MessageChannel } = globalThis as unknown as { MessageChannel?: new () => Channel };
  if (!MessageChannel) return false;
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    callback();
  };
  port2.postMessage(null);
  return true;
}

/** `work`, or a rejection with `late()` where it has not settled after `ms` milliseconds. */
export async function within<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  let handle: unknown;
  const timeout = new Promise<never>((_, reject) => {
    handle = setTimeout(() => reject(late()), Math.min(ms, LONGEST));
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(handle);
  }
}
