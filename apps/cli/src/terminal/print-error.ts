import { inspect } from 'node:util';
import { isRMSNormError } from '@rmsnorm/core';
import { UsageError } from '../usage-error.ts';
import { err } from './output.ts';
import { oneLine } from './printable.ts';

/** Prints what went wrong; with DEBUG, where. */
export function printError(error: unknown): void {
  const message = error instanceof Error ? error.message : inspect(error);
  if (isRMSNormError(error, 'NO_BACKEND')) {
    // A table of all reasons, indented: the one message of more than a line.
    for (const line of message.split(/\n(?= {2})/)) err.line(oneLine(line));
  } else {
    err.line(oneLine(error instanceof UsageError ? `RMSNORM_INVALID_OPTION: ${message}` : message));
  }
  if (process.env.DEBUG && error instanceof Error) {
    for (const line of (error.stack ?? '').split('\n')) err.line(oneLine(line));
  }
}
