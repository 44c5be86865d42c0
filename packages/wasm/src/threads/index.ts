import { type Form, keysOf, RMSNormError, readKeys, refuseMore, show } from '@rmsnorm/core';
import { COMPILE, type CompileThreaded, type Threads } from '../threads-option.ts';
import { compileThreaded } from './compile-threaded.ts';
import type { WorkerSource } from './worker-source.ts';

export type { Threads } from '../threads-option.ts';
export type { WorkerSource } from './worker-source.ts';

export interface ThreadsOptions {
  /**
   * What workers run, or how to make one: the address of this package's `@rmsnorm/wasm/worker.js`, or a function that
   * gives a new worker on it. By default it is found beside this package's code, as bundlers see to, or else started from
   * its text.
   */
  readonly worker?: WorkerSource | undefined;
}

const FORM: Form = { name: "threads()'s options", keys: keysOf<ThreadsOptions>({ worker: true }) };

/**
 * Threads for `wasm({ threads: threads(2) })`. Nothing starts before `create()`.
 *
 * They need shared memory, which Node has, and pages that are cross-origin isolated. Elsewhere one thread computes; the
 * backend's `device` and a line in the console say why.
 * @param count how many share the work of large calls, the calling one included: 1 to 64
 * @throws RMSNormError INVALID_OPTION
 */
export function threads(count: number, options: ThreadsOptions = {}): Threads {
  if (arguments.length > 2) refuseMore(arguments, 2, 'threads(count, { worker })');
  if (!(Number.isSafeInteger(count) && count >= 1 && count <= 64)) {
    throw invalid(`threads() takes an integer from 1 to 64, got ${show(count)}`);
  }
  const { worker } = readKeys(options, FORM);
  if (worker !== undefined && !isSource(worker)) {
    throw invalid(`worker must be an address, or a function that gives a new Worker, got ${show(worker)}`);
  }
  const compile: CompileThreaded = (module) => compileThreaded(count, module, worker);
  return Object.freeze({ count, [COMPILE]: compile });
}

function isSource(value: unknown): value is WorkerSource {
  switch (typeof value) {
    case 'string':
      return value !== '';
    case 'function':
      return true;
    case 'object':
      return value !== null && typeof (value as { href?: unknown }).href === 'string';
    default:
      return false;
  }
}

function invalid(message: string): RMSNormError {
  return new RMSNormError('INVALID_OPTION', message);
}
