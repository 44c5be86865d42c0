import { constants } from 'node:os';
import { removePartialFiles } from './files/replaced-file.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The reason with which a command is aborted. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  /** 128 + the signal's number, as shells have it: 130 for Ctrl-C. */
  readonly exitCode: number;

  constructor(signal: (typeof SIGNALS)[number]) {
    super(`interrupted by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** Aborts on the first signal, so that a command can clean up; ends at once on the second. */
export function onInterrupt(): { signal: AbortSignal; dispose: () => void } {
  const controller = new AbortController();
  const listener = (signal: NodeJS.Signals): void => {
    const reason = new Interrupted(signal as (typeof SIGNALS)[number]);
    if (controller.signal.aborted) {
      removePartialFiles();
      process.exit(reason.exitCode);
    }
    controller.abort(reason);
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  process.on('exit', removePartialFiles);
  return {
    signal: controller.signal,
    dispose: () => {
      for (const signal of SIGNALS) process.off(signal, listener);
      process.off('exit', removePartialFiles);
    },
  };
}
