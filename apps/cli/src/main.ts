import { isRMSNormError } from '@rmsnorm/core';
import { CommanderError } from 'commander';
import { Interrupted, onInterrupt } from './interrupt.ts';
import { program } from './program.ts';
import { err } from './terminal/output.ts';
import { UsageError } from './usage-error.ts';

/**
 * The command line. Writes to stdout and stderr of the process, and listens to its signals while it runs.
 * @param args what stands after `rmsnorm`
 * @returns the exit code: 0 done, 1 failed, 2 wrong usage, 128 + the number of a signal
 */
export async function main(args: readonly string[]): Promise<number> {
  const interrupt = onInterrupt();
  let exitCode = 0;
  try {
    const command = program(interrupt.signal, (code) => {
      exitCode = code;
    });
    await command.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return exitCodeOf(error);
  } finally {
    interrupt.dispose();
  }
}

function exitCodeOf(error: unknown): number {
  // commander has printed what is wrong. Help is no error where it was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof Interrupted) {
    err.line(`rmsnorm: ${error.message}`);
    return error.exitCode;
  }
  const usage = error instanceof UsageError || isRMSNormError(error, 'INVALID_OPTION');
  const message = error instanceof Error ? error.message : String(error);
  err.line(error instanceof UsageError ? `RMSNORM_INVALID_OPTION: ${message}` : message);
  if (process.env.DEBUG && error instanceof Error) err.line(error.stack ?? '');
  return usage ? 2 : 1;
}
