import { type Backend, type BackendProvider, RMSNormError, type Supports, show } from '@rmsnorm/core';
import { type Case, NotApplicable } from '../case/case.ts';
import { ConformanceFailure, describeError, isInstance } from '../case/failure.ts';
import { undeclared } from '../case/supported.ts';
import { createRandom } from '../inputs/random.ts';
import { type BackendFacts, type CaseResult, notRun, type Status } from '../report/report.ts';
import { guardExit } from './exit-guard.ts';
import { Patience } from './patience.ts';
import { startBackend } from './start-backend.ts';
import { catchStrays, ownStrays, type Strays } from './strays.ts';
import { nextTurn, now, within } from './timers.ts';

/** One run's hold on a backend: cases go through it one at a time. */
export interface Session {
  readonly backend: string;
  readonly device: string;
  readonly supports: Supports;
  /** Never rejects: whatever goes wrong is the result. */
  run(entry: Case): Promise<CaseResult>;
  /**
   * Disposes the backend. Never rejects: disposal has cases of its own. Resolves to what has gone wrong since the last
   * case where nobody waits for it, in words; undefined where nothing has.
   */
  close(): Promise<string | undefined>;
}

export interface SessionOptions {
  readonly seed: number;
  /** Milliseconds after which a case that does not come back is failed; 60,000 unless given. */
  readonly timeout?: number;
}

export const DEFAULT_TIMEOUT = 60_000;

/** How long a backend that broke may take for its disposal. */
const DISPOSAL_MS = 2000;

/**
 * Starts a backend of `provider` to run cases on. While the session is open, rejections without a handler and errors that
 * are thrown from timers fail the case that runs, and do not end the process.
 *
 * @throws RMSNormError INVALID_OPTION of a timeout that is none
 * @throws what `provider.create()` rejects with, or where that gives no backend in time
 */
export async function openSession(provider: BackendProvider, options: SessionOptions): Promise<Session> {
  const { seed, timeout = DEFAULT_TIMEOUT } = options;
  checkTimeout(timeout);
  const session = new OpenSession(provider, seed, timeout);
  await session.open();
  return session;
}

interface Outcome {
  readonly status: Status;
  readonly message?: string;
}

class OpenSession implements Session {
  readonly #provider: BackendProvider;
  readonly #seed: number;
  readonly #timeout: number;
  readonly #patience: Patience;
  readonly #strays: Strays;
  readonly #stopGuard: () => void;
  #facts: BackendFacts | null = null;
  #instance: Backend | null = null;
  #hangingDisposals = 0;
  #doing = 'in create()';

  constructor(provider: BackendProvider, seed: number, timeout: number) {
    this.#provider = provider;
    this.#seed = seed;
    this.#timeout = timeout;
    this.#patience = new Patience(timeout);
    this.#strays = catchStrays(this);
    this.#stopGuard = guardExit(
      () => this.#doing,
      () => this.#strays.take(),
    );
  }

  get backend(): string {
    return this.#facts!.backend;
  }

  get device(): string {
    return this.#facts!.device;
  }

  get supports(): Supports {
    return this.#facts!.supports;
  }

  async open(): Promise<void> {
    ownStrays(this);
    try {
      const { instance, ...facts } = await startBackend(this.#provider, this.#timeout);
      this.#facts = facts;
      this.#instance = instance;
    } catch (error) {
      await nextTurn();
      this.#stopWatching();
      throw error;
    }
  }

  async run(entry: Case): Promise<CaseResult> {
    const { id, requires } = entry;
    const lacking = undeclared(this.supports, requires);
    if (lacking.length > 0) return { id, status: 'skip', message: `not declared: ${lacking.join(', ')}`, ms: 0 };
    if (this.#patience.lost !== null) return notRun(id, this.#patience.lost);
    const begun = now();
    this.#doing = `in the case ${id}`;
    const outcome = await this.#watched(entry);
    this.#doing = `after the case ${id}`;
    return { id, ...outcome, ms: now() - begun };
  }

  async close(): Promise<string | undefined> {
    if (this.#instance) await this.#abandon(this.#instance);
    await nextTurn();
    const stray = this.#strays.take();
    this.#stopWatching();
    return stray.length > 0 ? stray.join('\n') : undefined;
  }

  /** As {@link #attempt}; what went wrong beside the case fails it, too. */
  async #watched(entry: Case): Promise<Outcome> {
    ownStrays(this);
    const earlier = this.#strays.take();
    const outcome = await this.#attempt(entry);
    await nextTurn();
    const stray = [...earlier, ...this.#strays.take()];
    if (stray.length === 0) return outcome;
    if (this.#instance) await this.#abandon(this.#instance);
    const own = outcome.status === 'fail' && outcome.message !== undefined ? [outcome.message] : [];
    return { status: 'fail', message: [...own, ...stray].join('\n') };
  }

  async #attempt(entry: Case): Promise<Outcome> {
    const random = createRandom(this.#seed, entry.id);
    const provider = this.#provider;
    let late = false;
    const work = async (): Promise<void> => {
      this.#instance ??= await this.#start();
      await entry.run({ backend: this.#instance, provider, random });
    };
    try {
      await within(this.#timeout, work(), () => {
        late = true;
        return this.#patience.timedOut();
      });
      return { status: 'pass' };
    } catch (error) {
      if (isInstance(error, NotApplicable)) return { status: 'skip', message: error.message };
      if (!isInstance(error, ConformanceFailure) && this.#instance) await this.#abandon(this.#instance);
      return { status: 'fail', message: describeError(error) };
    } finally {
      if (!late) this.#patience.cameBack();
    }
  }

  async #start(): Promise<Backend> {
    const begun = now();
    try {
      const { instance } = await startBackend(this.#provider, this.#timeout);
      this.#patience.started(true, now() - begun);
      return instance;
    } catch (error) {
      this.#patience.started(false, now() - begun);
      throw error;
    }
  }

  /** A backend that threw something strange or hangs says nothing about the next case: that gets a fresh one. */
  async #abandon(broken: Backend): Promise<void> {
    this.#instance = null;
    const disposal = (async () => broken.dispose())().catch(() => {});
    // One whose disposal hangs is not waited for a thousand times.
    const ms = this.#hangingDisposals < 3 ? Math.min(this.#timeout, DISPOSAL_MS) : 0;
    await within(ms, disposal, () => new Error('dispose() hangs')).catch(() => {
      this.#hangingDisposals++;
    });
  }

  #stopWatching(): void {
    this.#strays.close();
    this.#stopGuard();
  }
}

export function checkTimeout(timeout: unknown): void {
  if (typeof timeout === 'number' && timeout > 0) return;
  throw new RMSNormError('INVALID_OPTION', `timeout must be a number of milliseconds above 0, got ${show(timeout)}`);
}
