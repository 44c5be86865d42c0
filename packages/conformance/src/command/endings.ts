import { constants } from 'node:os';
import process from 'node:process';
import { killAll } from './watched-process.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Whatever ends this process ends the backend's, too. A reader that has enough, as `head`, is no error. */
export function watchEndings(): void {
  process.on('exit', killAll);
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      killAll();
      endBy(signal);
    });
  }
  process.stdout.on('error', (error: { code?: string }) => {
    // On Windows a pipe that nobody reads may be EOF.
    if (error.code !== 'EPIPE' && error.code !== 'EOF') throw error;
    process.exit();
  });
  process.stderr.on('error', () => {});
}

/** Ends this process so that its status tells of the signal, for which no listener is left. */
export function endBy(signal: (typeof SIGNALS)[number], system: NodeJS.Platform = process.platform): void {
  // Windows has no signals that a status could tell of.
  if (system === 'win32') process.exit(128 + constants.signals[signal]);
  process.kill(process.pid, signal);
}
