import { isWebGPU, type Target } from '../spec.ts';

export interface Method {
  readonly rounds: number;
  /** Least time of one candidate's turn in a round. */
  readonly leastMs: number;
  /** Least time that a candidate runs before its first round. */
  readonly warmUpMs: number;
  /** What the turns of one candidate may take together, about: a slow one has fewer, but {@link LEAST_TURNS}. */
  readonly turnsMs: number;
  /** A candidate that needs longer for one run, warm, is not timed. */
  readonly longestMs: number;
  /** Longer than this nobody may take to get ready, or to begin: then its process or page is ended, and it is named. */
  readonly limitMs: number;
}

/** Quartiles of fewer say nothing. */
export const LEAST_TURNS = 3;

const FULL: Method = { rounds: 41, leastMs: 1, warmUpMs: 200, turnsMs: 8000, longestMs: 10_000, limitMs: 60_000 };
const QUICK: Method = { ...FULL, rounds: 7, leastMs: 0.5, warmUpMs: 20, turnsMs: 1000 };

/**
 * Waiting for a GPU takes up to a millisecond, whatever was done: many dispatches share one wait. SwiftShader is
 * slow, and so are peers on it.
 */
const GPU: Partial<Method> = { leastMs: 20, turnsMs: 40_000, longestMs: 15_000, limitMs: 120_000 };

export function methodFor(target: Target, quick: boolean, rounds: number | null): Method {
  const method = quick ? QUICK : FULL;
  return {
    ...method,
    ...(isWebGPU(target) && !quick && GPU),
    rounds: rounds ?? method.rounds,
  };
}

/** How many of the rounds a candidate takes part in whose turn takes so long. */
export function turnsOf(turnMs: number, { rounds, turnsMs }: Pick<Method, 'rounds' | 'turnsMs'>): number {
  return Math.min(rounds, Math.max(LEAST_TURNS, Math.floor(turnsMs / turnMs)));
}

export const FULL_ROUNDS: number = FULL.rounds;
