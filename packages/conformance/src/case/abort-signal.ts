import type { AbortSignalLike } from '@rmsnorm/core';

/** An abort signal that can be aborted. AbortController is a part of most runtimes, but not of the language. */
export interface AbortableSignal extends AbortSignalLike {
  abort(reason: unknown): void;
}

export function createSignal(): AbortableSignal {
  const listeners = new Set<() => void>();
  let outcome: { reason: unknown } | null = null;
  return {
    get aborted(): boolean {
      return outcome !== null;
    },
    get reason(): unknown {
      return outcome?.reason;
    },
    addEventListener(_type, listener) {
      listeners.add(listener);
    },
    removeEventListener(_type, listener) {
      listeners.delete(listener);
    },
    abort(reason) {
      outcome = { reason };
      for (const listener of [...listeners]) listener();
    },
  };
}

/** How a promise ended. */
export async function settled<T>(promise: Promise<T>): Promise<{ value?: T; error?: unknown }> {
  try {
    return { value: await promise };
  } catch (error) {
    return { error };
  }
}
