import type { BackendProvider } from '@rmsnorm/core';
import { type CaseResult, runConformance } from '../../src/index.ts';

/** Runs the cases that `takes` accepts until one fails; null where none does. */
export async function firstFailure(
  provider: BackendProvider,
  takes: (id: string) => boolean,
): Promise<CaseResult | null> {
  const stop = new AbortController();
  let failure: CaseResult | null = null;
  try {
    await runConformance(provider, {
      filter: takes,
      signal: stop.signal,
      onResult: (result) => {
        if (result.status !== 'fail') return;
        failure ??= result;
        stop.abort(failure);
      },
    });
  } catch (error) {
    if (error !== failure || failure === null) throw error;
  }
  return failure;
}
