import type { Target } from '../spec.ts';

/** How long and how often candidates are timed. */
export interface Method {
  readonly rounds: number;
  /** The least time of one candidate's turn in a round. */
  readonly leastMs: number;
  /** The least time that a candidate runs before its first round. */
  readonly warmUpMs: number;
  /** About how long all turns of one candidate may take. A slow one has fewer of them, but {@link LEAST_TURNS}. */
  readonly turnsMs: number;
  /** A candidate that takes longer for one run, once warm, is not timed. */
  readonly longestMs: number;
  /** A candidate that takes longer to get ready is stopped: its process or page is ended. */
  readonly limitMs: number;
  /** The most runs that are timed at once; any number unless given. */
  readonly mostRuns?: number;
  /** Where interrupted rounds are repeated: the longest time of all rounds. */
  readonly roundsMs?: number;
}

/** Quartiles of fewer say nothing. */
export const LEAST_TURNS = 3;

const FULL: Method = { rounds: 41, leastMs: 1, warmUpMs: 200, turnsMs: 8000, longestMs: 10_000, limitMs: 60_000 };
const QUICK: Method = { ...FULL, rounds: 7, leastMs: 0.5, warmUpMs: 20, turnsMs: 1000 };

export function methodFor(target: Target, quick: boolean, rounds: number | null): Method {
  const method = { ...(quick ? QUICK : FULL), ...differences(target, quick) };
  return { ...method, rounds: rounds ?? method.rounds };
}

function differences(target: Target, quick: boolean): Partial<Method> {
  switch (target) {
    case 'node':
    case 'chromium':
      return {};
    case 'node-webgpu':
    case 'chromium-webgpu':
      // Waiting for a GPU takes up to a millisecond, whatever it did: many dispatches share one wait. SwiftShader is
      // slow, and so are peers on it.
      return quick ? {} : { leastMs: 20, turnsMs: 40_000, longestMs: 15_000, limitMs: 120_000 };
    case 'gpu-clock': {
      // The backend submits a long recording early, and keeps a plan for each call of it.
      const mostRuns = 2000;
      if (quick) return { mostRuns };
      return { mostRuns, rounds: 21, leastMs: 10, warmUpMs: 50, turnsMs: 40_000, longestMs: 15_000, limitMs: 120_000 };
    }
    case 'cuda':
      // One wait for as many calls as hide it. An emulated device, for tests, is slow.
      return quick ? {} : { rounds: 21, leastMs: 20, turnsMs: 40_000, longestMs: 15_000 };
    case 'threads':
      return quick ? { roundsMs: 8000 } : { roundsMs: 8000, leastMs: 10, warmUpMs: 60 };
    default:
      throw new Error(`no method for ${target satisfies never}`);
  }
}

/** How many of the rounds a candidate takes part in whose turn takes `turnMs`. */
export function turnsOf(turnMs: number, { rounds, turnsMs }: Pick<Method, 'rounds' | 'turnsMs'>): number {
  return Math.min(rounds, Math.max(LEAST_TURNS, Math.floor(turnsMs / turnMs)));
}

export const FULL_ROUNDS: number = FULL.rounds;
