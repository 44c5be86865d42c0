import { describeError } from '../case/failure.ts';

/**
 * What went wrong where nobody waits for it, in words: promises that were rejected without a handler, and what was thrown
 * from a timer or an event. Either would end a process, and would pass unseen in a page.
 */
export interface Strays {
  /** Those since the last call. */
  take(): string[];
  /** From now on they are the runtime's again. */
  close(): void;
}

interface StrayEvent {
  readonly reason?: unknown;
  readonly error?: unknown;
  readonly message?: string;
  preventDefault(): void;
}

type Listener = (event: never) => void;

interface Emitter {
  on(event: string, listener: Listener): void;
  removeListener(event: string, listener: Listener): void;
}

interface Target {
  addEventListener(event: string, listener: Listener): void;
  removeEventListener(event: string, listener: Listener): void;
}

/** The session that ran a case last: where several are open, the stray is that one's. */
let latest: object | null = null;

/** A driver that does it in each call must not fill the memory. */
const MOST = 5;

/** Begins to catch strays. `isMine` tells whether they belong to this catcher, where several are open at once. */
export function catchStrays(owner: object): Strays {
  let caught: string[] = [];
  const add = (how: string, error: unknown): void => {
    if (latest !== null && latest !== owner) return;
    const text = `${how}: ${describeError(error)}`;
    if (caught.length < MOST && !caught.includes(text)) caught.push(text);
  };
  const rejected = (reason: unknown): void =>
    add(
      'a promise was rejected that nobody waits for (forward, write, free, alloc and flush must take effect before they ' +
        'return, and must not be async)',
      reason,
    );
  const thrown = (error: unknown): void => add('an error was thrown from a timer, an event or a callback', error);
  const stop = listen(rejected, thrown);
  return {
    take() {
      const taken = caught;
      caught = [];
      return taken;
    },
    close() {
      stop();
      if (latest === owner) latest = null;
    },
  };
}

/** Strays from now on belong to `owner`. */
export function ownStrays(owner: object): void {
  latest = owner;
}

/** Listens in the way of the runtime; gives back how to stop. */
function listen(rejected: (reason: unknown) => void, thrown: (error: unknown) => void): () => void {
  const { process, Deno } = globalThis as unknown as { process?: Partial<Emitter>; Deno?: unknown };
  if (Deno === undefined && typeof process?.on === 'function') {
    const emitter = process as Emitter;
    emitter.on('unhandledRejection', rejected);
    emitter.on('uncaughtException', thrown);
    return () => {
      emitter.removeListener('unhandledRejection', rejected);
      emitter.removeListener('uncaughtException', thrown);
    };
  }
  const target = globalThis as unknown as Partial<Target>;
  if (typeof target.addEventListener !== 'function') return () => {};
  const onRejection = (event: StrayEvent): void => {
    event.preventDefault();
    rejected(event.reason);
  };
  const onError = (event: StrayEvent): void => {
    event.preventDefault();
    thrown(event.error ?? event.message);
  };
  const { addEventListener, removeEventListener } = target as Target;
  addEventListener.call(globalThis, 'unhandledrejection', onRejection);
  addEventListener.call(globalThis, 'error', onError);
  return () => {
    removeEventListener.call(globalThis, 'unhandledrejection', onRejection);
    removeEventListener.call(globalThis, 'error', onError);
  };
}
