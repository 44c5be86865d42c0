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
      // With no listener left it ends this process, whose status then tells of the signal. Windows does not send every one.
      try {
        process.kill(process.pid, signal);
      } catch {
        process.exit(128 + constants.signals[signal]);
      }
    });
  }
  process.stdout.on('error', (error: { code?: string }) => {
    // On Windows a pipe that nobody reads may be EOF.
    if (error.code !== 'EPIPE' && error.code !== 'EOF') throw error;
    process.exit();
  });
  process.stderr.on('error', () => {});
}
