import { type BackendProvider, RMSNormError } from '@rmsnorm/core';
import { listCases } from '../cases/list.ts';
import { type Comparison, watchComparisons } from '../expected/comparisons.ts';
import type { BackendFacts, CaseResult } from '../report/report.ts';
import { DEFAULT_SEED } from '../run/run.ts';
import { DEFAULT_TIMEOUT, openSession } from '../run/session.ts';
import { promisesOf } from './promises.ts';
import { type RecordedCall, Recording } from './recording.ts';

/** Results that were held against what they should be. */
export interface Compared extends Pick<Comparison, 'what' | 'shape' | 'bound'> {
  readonly got: readonly number[];
  /** null where the contract leaves the element open. */
  readonly expected: readonly (number | null)[];
}

/** One case, with all that went in and came out. */
export interface Explanation extends Pick<BackendFacts, 'backend' | 'device'> {
  readonly seed: number;
  readonly result: CaseResult;
  /** In the contract's words. */
  readonly promises: readonly string[];
  readonly calls: readonly RecordedCall[];
  /** How many calls there were beyond those. */
  readonly moreCalls: number;
  /** Why no calls are known; null where they are. */
  readonly withoutCalls: string | null;
  readonly compared: readonly Compared[];
}

/** More comparisons than this are left out: of a case that fails, the last one tells. */
const MOST_COMPARED = 50;

/**
 * Runs one case, and gives what its calls were, what came out, and what should have.
 * @throws RMSNormError INVALID_OPTION where there is no such case; what `provider.create()` rejects with
 */
export async function explainCase(
  provider: BackendProvider,
  id: string,
  { seed = DEFAULT_SEED, timeout = DEFAULT_TIMEOUT }: { readonly seed?: number; readonly timeout?: number } = {},
): Promise<Explanation> {
  const [entry] = listCases((other) => other === id, 'thorough');
  if (entry === undefined) throw unknownCase(id);
  const recording = new Recording();
  const session = await openSession(recorded(provider, recording), { seed, timeout });
  const compared: Compared[] = [];
  const stop = watchComparisons((comparison) => {
    compared.push(copyOf(comparison));
    if (compared.length > MOST_COMPARED) compared.shift();
  });
  try {
    const result = await session.run(entry);
    return {
      backend: session.backend,
      device: session.device,
      seed,
      result,
      promises: promisesOf(id),
      calls: recording.calls,
      moreCalls: recording.more,
      withoutCalls: recording.reason,
      compared,
    };
  } finally {
    stop();
    await session.close();
  }
}

/** The provider, whose backends are recorded. */
function recorded(provider: BackendProvider, recording: Recording): BackendProvider {
  return {
    name: provider.name,
    apiVersion: provider.apiVersion,
    probe: () => provider.probe(),
    async create(options) {
      const backend = await provider.create(options);
      recording.watch(backend);
      return backend;
    },
  };
}

function copyOf({ what, shape, bound, got, expected }: Comparison): Compared {
  return {
    what,
    shape,
    bound,
    got: Array.from(got),
    expected: Array.from({ length: got.length }, (_, flat) => expected(flat)),
  };
}

function unknownCase(id: string): RMSNormError {
  const similar = listCases((other) => other.includes(id), 'thorough').map((entry) => entry.id);
  const hint =
    similar.length > 0
      ? `${similar.length} contain it: ${similar.slice(0, 5).join('  ')}${similar.length > 5 ? ' ...' : ''}`
      : `listCases() gives the ids, and so does the report of a run`;
  return new RMSNormError('INVALID_OPTION', `there is no case ${JSON.stringify(id)}; ${hint}`);
}
