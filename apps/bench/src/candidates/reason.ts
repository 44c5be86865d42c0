import type { Unable } from '../candidate.ts';

/** What a library threw, in its first line, as the reason why it cannot. */
export function unableFor(error: unknown): Unable {
  const [reason] = String(error instanceof Error ? error.message : error).split('\n');
  return { unable: reason! };
}
