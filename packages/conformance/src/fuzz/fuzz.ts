import {
  type AbortSignalLike,
  type Backend,
  type BackendProvider,
  type Form,
  keysOf,
  RMSNormError,
  readKeys,
  show,
} from '@rmsnorm/core';
import fc from 'fast-check';
import { ConformanceFailure, describeError } from '../case/failure.ts';
import { dtypesOf } from '../case/supported.ts';
import { withTensors } from '../case/tensors.ts';
import { createRandom } from '../inputs/random.ts';
import { numbersOf, perform } from '../operations/run-call.ts';
import { DEFAULT_SEED } from '../run/run.ts';
import { breathe, now } from '../run/timers.ts';
import { anyTrial } from './any-trial.ts';
import type { TrialKind } from './draw.ts';
import { type LargestError, LargestErrors } from './largest-errors.ts';
import { preparedOf, rowsIn, type Trial } from './trial.ts';

export interface FuzzOptions {
  /** How many rows, over all operations and dtypes, at least. */
  readonly rows: number;
  readonly seed?: number;
  readonly signal?: AbortSignalLike;
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
  keys: keysOf<FuzzOptions>({ rows: true, seed: true, signal: true, onProgress: true }),
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
  const { rows: least, seed = DEFAULT_SEED, signal, onProgress } = readKeys(options, OPTIONS);
  if (typeof least !== 'number' || !(least > 0)) {
    throw new RMSNormError('INVALID_OPTION', `rows must be a number above 0, got ${show(least)}`);
  }
  const backend = await provider.create();
  const errors = new LargestErrors();
  const failures: Counterexample[] = [];
  let kinds = backend.supports.ops.flatMap((op) =>
    dtypesOf(backend.supports, op).map((dtype): TrialKind => ({ op, dtype })),
  );
  let rows = 0;
  let trials = 0;
  let breath = now();
  try {
    while (rows < least && kinds.length > 0) {
      if (now() - breath > BREATH_MS) {
        onProgress?.({ rows, failures: failures.length });
        await breathe();
        breath = now();
      }
      if (signal?.aborted) throw signal.reason;
      const kind = kinds[trials % kinds.length]!;
      const ownSeed = createRandom(seed, `fuzz/${trials++}`).bits() | 0;
      const failure = await search(backend, kind, { seed: ownSeed }, (trial) => {
        rows += rowsIn(trial);
        return errors;
      });
      if (failure === null) continue;
      failures.push(failure);
      kinds = kinds.filter((other) => other !== kind);
    }
  } finally {
    await backend.dispose();
  }
  return { backend: backend.name, device: backend.device, seed, trials, rows, failures, largest: errors.list() };
}

/** Runs a trial; where it fails, it comes back as small as it goes. Null where it passes. */
export function replay(backend: Backend, trial: Trial): Promise<Counterexample | null> {
  return search(backend, trial, { examples: [[trial]] });
}

/**
 * Runs one trial, drawn from a seed or given. Where it fails, fast-check looks for a smaller one that fails too.
 * @param onTrial is called with the trial, before any smaller one; what it returns is told the errors of its results
 */
async function search(
  backend: Backend,
  kind: TrialKind,
  from: { readonly seed: number } | { examples: [Trial][] },
  onTrial?: (trial: Trial) => LargestErrors,
): Promise<Counterexample | null> {
  let isFirst = true;
  const property = fc.asyncProperty(anyTrial(backend.supports, kind), async (trial) => {
    const errors = isFirst ? onTrial?.(trial) : undefined;
    isFirst = false;
    const fault = await faultOf(backend, trial, errors);
    if (fault !== null) throw new ConformanceFailure(fault);
  });
  const { counterexample } = await fc.check(property, { ...from, numRuns: 1 });
  if (counterexample === null) return null;
  const [trial] = counterexample;
  const message = await faultOf(backend, trial);
  return { trial, message: message ?? 'fails now and then: the same call has just passed' };
}

/** What is wrong with the backend's results, in words; null where nothing is. */
export async function faultOf(backend: Backend, trial: Trial, errors?: LargestErrors): Promise<string | null> {
  const { op, dtype } = trial;
  try {
    const prepared = preparedOf(trial);
    const results = await withTensors(backend, async (tensors) => numbersOf(perform(tensors, prepared)));
    prepared.compare(results, {
      accuracy: backend.supports.accuracy,
      observe:
        errors &&
        ((output, got, exact, unit) =>
          errors.add(op, dtype, output, prepared.outputs[output]!.dtype, got, exact, unit)),
    });
    return null;
  } catch (error) {
    return describeError(error);
  }
}
