import type { Unable } from '../candidate.ts';

/** The reason why a library cannot: the first line of what it threw. */
export function unableFor(error: unknown): Unable {
  const [reason] = String(error instanceof Error ? error.message : error).split('\n');
  return { unable: reason! };
}
