import { isRMSNormError } from '@rmsnorm/core';
import { CommanderError } from 'commander';
import { Interrupted, onInterrupt } from './interrupt.ts';
import { program } from './program.ts';
import { err } from './terminal/output.ts';
import { printError } from './terminal/print-error.ts';
import { oneLine } from './terminal/printable.ts';
import { UsageError } from './usage-error.ts';

/**
 * The command line. Writes to stdout and stderr of the process, and listens to its signals while it runs.
 * @param args what stands after `rmsnorm`
 * @param began when the process began, where this is all that it does; in milliseconds as Date.now() has them
 * @returns the exit code: 0 done, 1 failed, 2 wrong usage, 128 + the number of a signal
 */
export async function main(args: readonly string[], began: number = Date.now()): Promise<number> {
  const interrupt = onInterrupt();
  let exitCode = 0;
  try {
    const setExitCode = (code: number): void => {
      exitCode = code;
    };
    const command = program({ signal: interrupt.signal, began, setExitCode });
    await command.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return exitCodeOf(error, args);
  } finally {
    interrupt.dispose();
  }
}

function exitCodeOf(error: unknown, args: readonly string[]): number {
  if (error instanceof CommanderError) {
    // commander has printed what is wrong. Help is no error where it was asked for.
    if (error.exitCode === 0) return 0;
    hintAtDashes(args);
    return 2;
  }
  if (error instanceof Interrupted) {
    err.line(`rmsnorm: ${error.message}`);
    return error.exitCode;
  }
  printError(error);
  return error instanceof UsageError || isRMSNormError(error, 'INVALID_OPTION') ? 2 : 1;
}

/** The name of a file may begin with a dash; that is then an option, or several. */
function hintAtDashes(args: readonly string[]): void {
  const name = args.find((arg) => /^-.*\.(npy|safetensors)$/is.test(arg));
  if (name !== undefined) err.line(oneLine(`Is ${name} a file? Its name begins with a dash: write ./${name}`));
}
