import { isWebGPU, type Target } from '../spec.ts';

export interface Method {
  readonly rounds: number;
  /** Least time of one candidate's turn in a round. */
  readonly leastMs: number;
  /** Least time that a candidate runs before its first round. */
  readonly warmUpMs: number;
  /** A candidate that needs longer for one run, warm, is not timed: it would take minutes. */
  readonly longestMs: number;
  /** Longer than this nobody may take to get ready, or to begin: then its process or page is ended, and it is named. */
  readonly limitMs: number;
}

const FULL: Method = { rounds: 41, leastMs: 1, warmUpMs: 200, longestMs: 200, limitMs: 60_000 };
const QUICK: Method = { ...FULL, rounds: 7, leastMs: 0.5, warmUpMs: 20 };

/**
 * Waiting for a GPU takes up to a millisecond, whatever was done: many dispatches share one wait. SwiftShader is
 * slow, and so are peers on it.
 */
const GPU: Pick<Method, 'leastMs' | 'longestMs'> = { leastMs: 20, longestMs: 1000 };

export function methodFor(target: Target, quick: boolean, rounds: number | null): Method {
  const method = quick ? QUICK : FULL;
  return {
    ...method,
    ...(isWebGPU(target) && !quick && GPU),
    rounds: rounds ?? method.rounds,
  };
}

export const FULL_ROUNDS: number = FULL.rounds;
