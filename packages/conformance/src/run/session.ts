import type { Backend, BackendProvider, Supports } from '@rmsnorm/core';
import { type Case, NotApplicable } from '../case/case.ts';
import { ConformanceFailure, describeError } from '../case/failure.ts';
import { undeclared } from '../case/supported.ts';
import { createRandom } from '../inputs/random.ts';
import type { CaseResult, Status } from './report.ts';
import { now, within } from './timers.ts';

/** One run's hold on a backend: cases go through it one at a time. */
export interface Session {
  readonly backend: string;
  readonly device: string;
  readonly supports: Supports;
  /** Never rejects: whatever goes wrong is the result. */
  run(entry: Case): Promise<CaseResult>;
  /** Disposes the backend. Never rejects: disposal has cases of its own. */
  close(): Promise<void>;
}

export interface SessionOptions {
  readonly seed: number;
  /** Milliseconds after which a case that does not come back is failed; 60,000 unless given. */
  readonly timeout?: number;
}

const FAILED_STARTS = 3;

/** Starts a backend of `provider` to run cases on; rejects with what `provider.create()` rejects with. */
export async function openSession(provider: BackendProvider, options: SessionOptions): Promise<Session> {
  const { seed, timeout = 60_000 } = options;
  let backend: Backend | null = await provider.create();
  let failedStarts = 0;
  const { name, device, supports } = backend;

  const start = async (): Promise<Backend> => {
    if (failedStarts >= FAILED_STARTS) {
      throw new ConformanceFailure(`not run: the backend did not start again, ${FAILED_STARTS} times over`);
    }
    failedStarts++;
    const started = await provider.create();
    failedStarts = 0;
    return started;
  };

  // A backend that threw something strange or hangs says nothing about the next case: that gets a fresh one.
  const abandon = async (broken: Backend): Promise<void> => {
    backend = null;
    const disposal = (async () => broken.dispose())().catch(() => {});
    await within(Math.min(timeout, 2000), disposal, () => new Error('dispose() hangs')).catch(() => {});
  };

  const attempt = async (entry: Case): Promise<{ status: Status; message?: string }> => {
    const lacking = undeclared(supports, entry.requires);
    if (lacking.length > 0) return { status: 'skip', message: `not declared: ${lacking.join(', ')}` };
    const random = createRandom(seed, entry.id);
    try {
      await within(
        timeout,
        (async () => {
          backend ??= await start();
          await entry.run({ backend, provider, random });
        })(),
        () => new Error(`did not come back within ${timeout} ms: does every promise of the driver settle?`),
      );
      return { status: 'pass' };
    } catch (error) {
      if (error instanceof NotApplicable) return { status: 'skip', message: error.message };
      if (!(error instanceof ConformanceFailure) && backend) await abandon(backend);
      return { status: 'fail', message: describeError(error) };
    }
  };

  return {
    backend: name,
    device,
    supports,
    async run(entry) {
      const begun = now();
      const outcome = await attempt(entry);
      return { id: entry.id, ...outcome, ms: now() - begun };
    },
    async close() {
      if (backend) await abandon(backend);
    },
  };
}
