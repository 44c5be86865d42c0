import type { Entrant } from '../candidate.ts';
import type { Spec } from '../spec.ts';

/** Who runs a workload of one target. The first is ours: every ratio is its speed over another's. */
export type Lineup = (spec: Pick<Spec, 'place' | 'op'>) => readonly [Entrant, ...Entrant[]];

/** Everybody's name, and in words what they do. */
export function legendOf(lineup: Lineup): Record<string, string> {
  const entrants = (['resident', 'end-to-end'] as const).flatMap((place) => lineup({ place, op: 'forward' }));
  return Object.fromEntries(entrants.map(({ name, about }) => [name, about]));
}
