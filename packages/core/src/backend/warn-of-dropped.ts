import { show } from '../values/show.ts';

interface Global {
  readonly console?: { warn?(message: string): void };
}

/** Less than this is a script at its end rather than a leak. */
const LEAST_BYTES = 2 ** 20;

let dropped = 0;

/**
 * Says once in a process that memory was given back late, if that was 1 MiB in all: whoever reads it has a leak that a
 * collector hid. It does not throw: it is called where nobody could catch that.
 */
export function warnOfDropped(backend: string, bytes: number): void {
  const warned = dropped >= LEAST_BYTES;
  dropped += bytes;
  if (warned || dropped < LEAST_BYTES) return;
  try {
    (globalThis as Global).console?.warn?.(
      `RMSNorm: tensors or norms were dropped without dispose(): ${dropped} bytes, the last of backend ${show(backend)}, were freed only now, ` +
        'as the garbage collector came by. It may come late or never: dispose(), `using` or backend.tidy() free at once. (Said once.)',
    );
  } catch {
    // A console of the caller's, such as one that makes tests fail by throwing.
  }
}
