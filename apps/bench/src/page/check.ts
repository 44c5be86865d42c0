import { mistakeIn } from '../correctness.ts';
import { lineupOf, type PageTarget } from '../lineups/in-page.ts';
import type { Spec } from '../spec.ts';
import { makeWorkload } from '../workload.ts';

/** By candidate: null where its result is right, else what is wrong with it; or why it cannot do the workload. */
export type Checked = Readonly<Record<string, { readonly mistake: string | null } | { readonly unable: string }>>;

/** Each candidate runs once, and then three times. */
export async function check(target: PageTarget, spec: Spec): Promise<Checked> {
  const work = makeWorkload(spec);
  const checked: Record<string, Checked[string]> = {};
  for (const entrant of (await lineupOf(target))(spec)) {
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
