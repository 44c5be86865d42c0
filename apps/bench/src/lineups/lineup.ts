import { FLOAT_DTYPES } from '@rmsnorm/core';
import type { Entrant } from '../candidate.ts';
import type { Spec } from '../spec.ts';

/** Who runs a workload of one target. The first is ours: every ratio is its speed over another's. */
export type Lineup = (spec: Pick<Spec, 'place' | 'op' | 'dtype'>) => readonly [Entrant, ...Entrant[]];

/** The name of every entrant, and in words what it does. */
export function legendOf(lineup: Lineup): Record<string, string> {
  const entrants = (['resident', 'end-to-end'] as const).flatMap((place) =>
    FLOAT_DTYPES.flatMap((dtype) => lineup({ place, op: 'forward', dtype })),
  );
  return Object.fromEntries(entrants.map(({ name, about }) => [name, about]));
}
