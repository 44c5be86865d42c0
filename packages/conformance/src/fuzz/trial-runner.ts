import type { Backend } from '@rmsnorm/core';
import { describeError, Late } from '../case/failure.ts';
import { withTensors } from '../case/tensors.ts';
import { numbersOf, perform } from '../operations/run-call.ts';
import { catchStrays, ownStrays, type Strays } from '../run/strays.ts';
import { nextTurn, within } from '../run/timers.ts';
import type { LargestErrors } from './largest-errors.ts';
import { preparedOf, type Trial } from './trial.ts';

/** How long a backend may take for its disposal. */
const DISPOSAL_MS = 2000;

/** Runs trials on one backend, whatever that does. */
export class TrialRunner {
  readonly backend: Backend;
  readonly #timeout: number;
  readonly #strays: Strays;
  #hangs = false;

  constructor(backend: Backend, timeout: number) {
    this.backend = backend;
    this.#timeout = timeout;
    this.#strays = catchStrays(this);
    ownStrays(this);
  }

  /** Whether a trial did not come back: no other is run then. */
  get hangs(): boolean {
    return this.#hangs;
  }

  /** What is wrong with a trial, in words; null where nothing is. */
  async faultOf(trial: Trial, errors?: LargestErrors): Promise<string | null> {
    if (this.#hangs) return null;
    const fault = await within(this.#timeout, faultOf(this.backend, trial, errors), () => {
      this.#hangs = true;
      return new Late(`did not come back within ${this.#timeout} ms: does every promise of the driver settle?`);
    }).catch(describeError);
    await nextTurn();
    const strays = this.#strays.take();
    return strays.length > 0 ? [...(fault === null ? [] : [fault]), ...strays].join('\n') : fault;
  }

  /** Disposes the backend; the suite has cases for how it does. */
  async close(): Promise<void> {
    const disposal = (async () => this.backend.dispose())().catch(() => {});
    await within(DISPOSAL_MS, disposal, () => new Late('dispose() hangs')).catch(() => {});
    await nextTurn();
    this.#strays.close();
  }
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
