import { type CandidateName, isOurs } from './candidate.ts';
import { oursRan, timedOutcomes, type WorkloadResult } from './results.ts';

/** A workload in which a peer, who computes the same, is faster than ours. */
export interface Loss {
  readonly id: string;
  readonly to: CandidateName;
  /** Our speed over theirs, below 1. */
  readonly ratio: number;
  /** Whether the peer's result is wrong. */
  readonly wrong: boolean;
}

/** Every loss to a peer. Copies, which compute nothing, and other variants of ours are no peers. */
export function losses(results: readonly WorkloadResult[], copies: ReadonlySet<string>): Loss[] {
  return results.flatMap((result) => {
    if (!oursRan(result)) return [];
    return timedOutcomes(result)
      .filter(({ name, ratio }) => !isOurs(name) && !copies.has(name) && ratio.median < 1)
      .map(({ name, ratio, mistake }) => ({ id: result.id, to: name, ratio: ratio.median, wrong: mistake !== null }));
  });
}
