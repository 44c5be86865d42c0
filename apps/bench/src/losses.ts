import type { CandidateName } from './candidate.ts';
import { oursRan, timedOutcomes, type WorkloadResult } from './results.ts';

/** A workload in which somebody who computes the same is faster than ours. */
export interface Loss {
  readonly id: string;
  readonly to: CandidateName;
  /** Our speed over theirs, below 1. */
  readonly ratio: number;
  /** Whether it gives a wrong result. */
  readonly wrong: boolean;
}

/** Every loss to a peer. Copies compute nothing: they are the ceiling, not peers. */
export function losses(results: readonly WorkloadResult[], copies: ReadonlySet<string>): Loss[] {
  return results.flatMap((result) => {
    if (!oursRan(result)) return [];
    return timedOutcomes(result)
      .slice(1)
      .filter(({ name, ratio }) => !copies.has(name) && ratio.median < 1)
      .map(({ name, ratio, mistake }) => ({ id: result.id, to: name, ratio: ratio.median, wrong: mistake !== null }));
  });
}
