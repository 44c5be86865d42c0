import { RMSNormError } from './errors.ts';
import { keysOf, readKeys } from './keys.ts';
import { reading } from './reading.ts';
import { show } from './show.ts';

/** The part of an `AbortSignal` that is used here; structural, so that no DOM or Node types are needed. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** What `data()` and `provider.create()` take. */
export interface SignalOptions {
  readonly signal?: AbortSignalLike | undefined;
}

const KEYS = keysOf<SignalOptions>({ signal: true });

/**
 * The signal of options that hold nothing else.
 * @throws RMSNormError INVALID_OPTION
 */
export function signalOf(options: SignalOptions | undefined, name: string): AbortSignalLike | undefined {
  if (options === undefined) return undefined;
  return checkedSignal(readKeys(options, { name, keys: KEYS }).signal);
}

/** @throws RMSNormError INVALID_OPTION */
export function checkedSignal(signal: AbortSignalLike | undefined): AbortSignalLike | undefined {
  const isSignal = reading('the signal', 'INVALID_OPTION', () =>
    [signal?.addEventListener, signal?.removeEventListener].every((method) => typeof method === 'function'),
  );
  if (signal === undefined || isSignal) return signal;
  throw new RMSNormError('INVALID_OPTION', `signal must be an AbortSignal, got ${show(signal)}`);
}

/** @throws RMSNormError INVALID_OPTION where a signal of the caller's own throws */
export function isAborted(signal: AbortSignalLike | undefined): boolean {
  return signal !== undefined && reading('the signal', 'INVALID_OPTION', () => signal.aborted);
}

/** Throws `signal.reason` where the signal is aborted. */
export function throwIfAborted(signal: AbortSignalLike | undefined): void {
  if (isAborted(signal)) throw reasonOf(signal!);
}

function reasonOf(signal: AbortSignalLike): unknown {
  return reading('the signal', 'INVALID_OPTION', () => signal.reason);
}

/** Settles as `work` does, or rejects with `signal.reason` as soon as the signal is aborted. */
export function abortable<T>(work: Promise<T>, signal: AbortSignalLike | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    // Of the event, too, what is thrown would reach nobody.
    const abort = (): void => {
      try {
        reject(reasonOf(signal));
      } catch (error) {
        reject(error);
      }
    };
    work
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort))
      .catch(() => {});
    if (isAborted(signal)) abort();
    reading('the signal', 'INVALID_OPTION', () => signal.addEventListener('abort', abort, { once: true }));
  });
}
