import type { AbortSignalLike, Backend, BackendProvider, FloatDType, Op } from '@rmsnorm/core';
import { describeError } from '../case/failure.ts';
import { dtypesOf } from '../case/supported.ts';
import { withTensors } from '../case/tensors.ts';
import { createRandom } from '../inputs/random.ts';
import { numbersOf, perform } from '../operations/run-call.ts';
import { DEFAULT_SEED } from '../run/run.ts';
import { breathe, now } from '../run/timers.ts';
import { drawTrial } from './draw.ts';
import { type LargestError, LargestErrors } from './largest-errors.ts';
import { shrink } from './shrink.ts';
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

interface Kind {
  readonly op: Op;
  readonly dtype: FloatDType;
}

const BREATH_MS = 100;

/**
 * Random calls of all that a backend declares: shapes, layouts, options, and bit patterns row by row, each result held
 * to the contract as the suite's cases are. Trial number n is the same for the same seed and `supports`.
 *
 * @throws what `provider.create()` rejects with; `signal.reason`
 */
export async function runFuzz(provider: BackendProvider, options: FuzzOptions): Promise<FuzzReport> {
  const { seed = DEFAULT_SEED, signal, onProgress } = options;
  const backend = await provider.create();
  const errors = new LargestErrors();
  const failures: Counterexample[] = [];
  let kinds = backend.supports.ops.flatMap((op) =>
    dtypesOf(backend.supports, op).map((dtype): Kind => ({ op, dtype })),
  );
  let rows = 0;
  let trials = 0;
  let breath = now();
  try {
    while (rows < options.rows && kinds.length > 0) {
      if (now() - breath > BREATH_MS) {
        onProgress?.({ rows, failures: failures.length });
        await breathe();
        breath = now();
      }
      if (signal?.aborted) throw signal.reason;
      const random = createRandom(seed, `fuzz/${trials++}`);
      const kind = random.pick(kinds);
      const trial = drawTrial(random, backend.supports, kind.op, kind.dtype);
      rows += rowsIn(trial);
      if ((await faultOf(backend, trial, errors)) === null) continue;
      failures.push(await smallest(backend, trial));
      kinds = kinds.filter((other) => other !== kind);
    }
  } finally {
    await backend.dispose();
  }
  return { backend: backend.name, device: backend.device, seed, trials, rows, failures, largest: errors.list() };
}

/** Shrinks a trial that fails. */
export async function smallest(backend: Backend, trial: Trial): Promise<Counterexample> {
  const least = await shrink(trial, async (smaller) => (await faultOf(backend, smaller)) !== null);
  return {
    trial: least,
    message: (await faultOf(backend, least)) ?? 'fails now and then: the same call has just passed',
  };
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
