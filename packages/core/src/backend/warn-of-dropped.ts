import { show } from '../values/show.ts';

interface Global {
  readonly console?: { warn?(message: string): void };
}

let warned = false;

/** Says once in a process that memory was given back late: whoever reads it has a leak that a collector hid. */
export function warnOfDropped(backend: string, bytes: number): void {
  if (warned) return;
  warned = true;
  (globalThis as Global).console?.warn?.(
    `RMSNorm: a tensor or norm was dropped without dispose(): ${bytes} bytes of backend ${show(backend)} were freed only now, ` +
      'as the garbage collector came by. It may come late or never: dispose(), `using` or backend.tidy() free at once. (Said once.)',
  );
}
