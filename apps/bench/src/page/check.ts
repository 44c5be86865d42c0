import { mistakeIn } from '../correctness.ts';
import { lineupOf } from '../lineups/in-page.ts';
import type { Spec } from '../spec.ts';
import { makeWorkload } from '../workload.ts';

/** What became of one candidate: null where its result is right, else what is wrong, or why it cannot. */
export type Checked = Readonly<Record<string, { readonly mistake: string | null } | { readonly unable: string }>>;

/** Each once, and then three times. */
export async function check(spec: Spec): Promise<Checked> {
  const work = makeWorkload(spec);
  const checked: Record<string, Checked[string]> = {};
  for (const entrant of (await lineupOf(spec.target))(spec)) {
    const candidate = await entrant.create(work);
    if ('unable' in candidate) {
      checked[entrant.name] = candidate;
      continue;
    }
    candidate.enter?.();
    let mistake: string | null = null;
    for (const count of [1, 3]) {
      await candidate.run(count);
      mistake ??= mistakeIn(await candidate.result(), entrant.does, work);
    }
    await candidate.dispose();
    checked[entrant.name] = { mistake };
  }
  return checked;
}
