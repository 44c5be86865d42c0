import {
  type AbortSignalLike,
  type BackendProvider,
  type Form,
  keysOf,
  RMSNormError,
  readKeys,
  show,
} from '@rmsnorm/core';
import fc from 'fast-check';
import { ConformanceFailure } from '../case/failure.ts';
import { dtypesOf } from '../case/supported.ts';
import { createRandom } from '../inputs/random.ts';
import { DEFAULT_SEED } from '../run/run.ts';
import { checkTimeout, DEFAULT_TIMEOUT } from '../run/session.ts';
import { startBackend } from '../run/start-backend.ts';
import { breathe, now } from '../run/timers.ts';
import { anyTrial } from './any-trial.ts';
import type { TrialKind } from './draw.ts';
import { type LargestError, LargestErrors } from './largest-errors.ts';
import { rowsIn, type Trial } from './trial.ts';
import { TrialRunner } from './trial-runner.ts';

export interface FuzzOptions {
  /** How many rows, over all operations and dtypes, at least. */
  readonly rows: number;
  readonly seed?: number;
  readonly signal?: AbortSignalLike;
  /** Milliseconds after which a call that does not come back ends the fuzz; 60,000 unless given. */
  readonly timeout?: number;
  /** Now and then. */
  readonly onProgress?: (progress: { readonly rows: number; readonly failures: number }) => void;
}

/** A call that went wrong, made as small as it goes. */
export interface Counterexample {
  readonly trial: Trial;
  readonly message: string;
}

export interface FuzzReport {
  readonly backend: string;
  readonly device: string;
  readonly seed: number;
  readonly trials: number;
  readonly rows: number;
  /** At most one for each operation and dtype: after it these are left out. */
  readonly failures: readonly Counterexample[];
  readonly largest: readonly LargestError[];
}

const OPTIONS: Form = {
  name: "runFuzz's options",
  keys: keysOf<FuzzOptions>({ rows: true, seed: true, timeout: true, signal: true, onProgress: true }),
};

const BREATH_MS = 100;

/**
 * Random calls of all that a backend declares: shapes, layouts, options, and bit patterns row by row, each result held
 * to the contract as the suite's cases are. Trial number n is the same for the same seed and `supports`, as long as no
 * earlier one fails.
 *
 * @throws RMSNormError INVALID_OPTION; what `provider.create()` rejects with; `signal.reason`
 */
export async function runFuzz(provider: BackendProvider, options: FuzzOptions): Promise<FuzzReport> {
  const {
    rows: least,
    seed = DEFAULT_SEED,
    timeout = DEFAULT_TIMEOUT,
    signal,
    onProgress,
  } = readKeys(options, OPTIONS);
  if (typeof least !== 'number' || !(least > 0)) {
    throw new RMSNormError('INVALID_OPTION', `rows must be a number above 0, got ${show(least)}`);
  }
  checkTimeout(timeout);
  const { instance: backend } = await startBackend(provider, timeout);
  const runner = new TrialRunner(backend, timeout);
  const errors = new LargestErrors();
  const failures: Counterexample[] = [];
  let kinds = backend.supports.ops.flatMap((op) =>
    dtypesOf(backend.supports, op).map((dtype): TrialKind => ({ op, dtype })),
  );
  let rows = 0;
  let trials = 0;
  let breath = now();
  try {
    while (rows < least && kinds.length > 0 && !runner.hangs) {
      if (now() - breath > BREATH_MS) {
        onProgress?.({ rows, failures: failures.length });
        await breathe();
        breath = now();
      }
      if (signal?.aborted) throw signal.reason;
      const kind = kinds[trials % kinds.length]!;
      const ownSeed = createRandom(seed, `fuzz/${trials++}`).bits() | 0;
      const failure = await search(runner, kind, { seed: ownSeed }, (trial) => {
        rows += rowsIn(trial);
        return errors;
      });
      if (failure === null) continue;
      failures.push(failure);
      kinds = kinds.filter((other) => other !== kind);
    }
  } finally {
    await runner.close();
  }
  return { backend: backend.name, device: backend.device, seed, trials, rows, failures, largest: errors.list() };
}

/** Runs a trial; where it fails, it comes back as small as it goes. Null where it passes. */
export function replay(runner: TrialRunner, trial: Trial): Promise<Counterexample | null> {
  return search(runner, trial, { examples: [[trial]] });
}

/**
 * Runs one trial, drawn from a seed or given. Where it fails, fast-check looks for a smaller one that fails too.
 * @param onTrial is called with the trial, before any smaller one; what it returns is told the errors of its results
 */
async function search(
  runner: TrialRunner,
  kind: TrialKind,
  from: { readonly seed: number } | { examples: [Trial][] },
  onTrial?: (trial: Trial) => LargestErrors,
): Promise<Counterexample | null> {
  let isFirst = true;
  let latest = '';
  const property = fc.asyncProperty(anyTrial(runner.backend.supports, kind), async (trial) => {
    const errors = isFirst ? onTrial?.(trial) : undefined;
    isFirst = false;
    const fault = await runner.faultOf(trial, errors);
    if (fault === null) return;
    latest = fault;
    throw new ConformanceFailure(fault);
  });
  const { counterexample } = await fc.check(property, { ...from, numRuns: 1 });
  if (counterexample === null) return null;
  const [trial] = counterexample;
  const message = runner.hangs ? latest : await runner.faultOf(trial);
  return { trial, message: message ?? 'fails now and then: the same call has just passed' };
}
