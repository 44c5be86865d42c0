import process from 'node:process';
import { killAll } from './watched-process.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Whatever ends this process ends the backend's, too. A reader that has enough, as `head`, is no error. */
export function watchEndings(): void {
  process.on('exit', killAll);
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      killAll();
      // With no listener left it ends this process, whose status then tells of the signal.
      process.kill(process.pid, signal);
    });
  }
  process.stdout.on('error', (error: { code?: string }) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  process.stderr.on('error', () => {});
}
