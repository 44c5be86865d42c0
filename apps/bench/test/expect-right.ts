import { expect } from 'vitest';
import type { Candidate, Entrant } from '../src/candidate.ts';
import { mistakeIn } from '../src/correctness.ts';
import type { Workload } from '../src/workload.ts';

/**
 * Expects a right result of one run, and of three more.
 * @param also what else is expected of the candidate, before it is disposed
 */
export async function expectRight(
  entrant: Entrant,
  work: Workload,
  also: (candidate: Candidate) => Promise<void> = async () => {},
): Promise<void> {
  const candidate = await entrant.create(work);
  if ('unable' in candidate) throw new Error(candidate.unable);
  candidate.enter?.();
  for (const count of [1, 3]) {
    await candidate.run(count);
    expect(mistakeIn(await candidate.result(), entrant.does, work)).toBeNull();
  }
  await also(candidate);
  await candidate.dispose();
}
