import type { Normalization } from '../expected/normalization.ts';

/** What a kernel may lay along one axis of its grid. */
type Counts = readonly [outer: number, groups: number, inner: number];

/** Counts on either side of what an axis of a grid holds. */
export interface Grid {
  readonly at: Counts;
  readonly beyond: Counts;
}

/** The most blocks along an axis of a grid: of CUDA's second and third, of any of WebGPU's. */
const MOST = 65535;

/** By what is beyond that, when each part of it is not. */
export const GRIDS: Readonly<Record<string, Grid>> = {
  outer: { at: [65535, 1, 1], beyond: [65536, 1, 1] },
  groups: { at: [1, 65535, 1], beyond: [1, 65537, 1] },
  inner: { at: [1, 1, 65535], beyond: [1, 1, 65537] },
  'outer*groups': { at: [257, 255, 1], beyond: [257, 256, 1] },
  'outer*inner': { at: [257, 1, 255], beyond: [257, 1, 257] },
  'groups*inner': { at: [1, 257, 255], beyond: [1, 256, 257] },
  'outer*groups*inner': { at: [17, 15, 257], beyond: [41, 41, 41] },
};

export const GRID_NAMES: readonly string[] = Object.keys(GRIDS);

/** Which products are beyond the most, but no part of them alone. */
export function coveredGrids({ outer, groups, inner }: Normalization): readonly string[] {
  const counts: Readonly<Record<string, number>> = { outer, groups, inner };
  const product = (parts: readonly string[]): number => parts.reduce((all, part) => all * counts[part]!, 1);
  return GRID_NAMES.filter((name) => {
    const parts = name.split('*');
    return product(parts) > MOST && parts.every((part) => product(parts.filter((other) => other !== part)) <= MOST);
  });
}
