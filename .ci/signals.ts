import { constants } from 'node:os';

/** A program that a signal ends exits by itself, so that what waits for its exit (folders, a registry) is removed. */
export function exitOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}
