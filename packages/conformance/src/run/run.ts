import { type AbortSignalLike, type BackendProvider, checkedKeys, type Form, keysOf } from '@rmsnorm/core';
import type { Depth } from '../case/depth.ts';
import { casesToRun } from '../plan/cases-to-run.ts';
import { checkedDepth } from '../plan/depth.ts';
import type { Filter } from './filter.ts';
import type { CaseResult, Report } from './report.ts';
import { openSession } from './session.ts';
import { breathe, now } from './timers.ts';

export const DEFAULT_SEED = 20_261_123;

/** How long a run may keep the event loop to itself. */
const BREATH_MS = 30;

export interface RunOptions {
  /** Which cases: part of an id, a pattern with `*`, or a predicate. All where it is left out. */
  readonly filter?: Filter;
  /** Of all random inputs. The report names it, so that a failure can be repeated. */
  readonly seed?: number;
  /** After each case, in order. */
  readonly onResult?: (result: CaseResult, progress: { readonly done: number; readonly total: number }) => void;
  /** Ends the run between two cases: `runConformance` then rejects with `signal.reason`. */
  readonly signal?: AbortSignalLike;
  /** Milliseconds after which a case that does not come back is failed; 60,000 unless given. */
  readonly timeout?: number;
  /** How much of the suite: 'default' unless given. `--coverage` says what each depth leaves out. */
  readonly depth?: Depth;
}

const OPTIONS: Form = {
  name: "runConformance's options",
  keys: keysOf<RunOptions>({ filter: true, seed: true, onResult: true, signal: true, timeout: true, depth: true }),
};

/**
 * Runs the cases that `filter` takes against a backend of `provider`, one after another, and reports. A case that
 * throws, crashes its backend or never comes back is a failure of that case; the run goes on with a fresh backend.
 *
 * @throws RMSNormError INVALID_OPTION where no case matches, or of a key that is not known; what `provider.create()` rejects with; `signal.reason`
 */
export async function runConformance(provider: BackendProvider, given?: RunOptions): Promise<Report> {
  const options = checkedKeys(given, OPTIONS);
  const { seed = DEFAULT_SEED, signal } = options;
  const cases = casesToRun(options.filter, checkedDepth(options.depth ?? 'default'));
  const session = await openSession(provider, { seed, ...options });
  const results: CaseResult[] = [];
  let breath = now();
  try {
    for (const entry of cases) {
      if (now() - breath > BREATH_MS) {
        await breathe();
        breath = now();
      }
      if (signal?.aborted) throw signal.reason;
      const result = await session.run(entry);
      results.push(result);
      options.onResult?.(result, { done: results.length, total: cases.length });
    }
  } finally {
    await session.close();
  }
  const count = (status: CaseResult['status']): number => results.filter((result) => result.status === status).length;
  return {
    backend: session.backend,
    device: session.device,
    supports: session.supports,
    seed,
    passed: count('pass'),
    failed: count('fail'),
    skipped: count('skip'),
    results,
  };
}
