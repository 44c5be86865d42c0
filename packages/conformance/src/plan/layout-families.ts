import type { Normalization } from '../expected/normalization.ts';
import type { ForwardOptions, Layout } from '../operations/forward-spec.ts';

/** The lengths of [outer, groups, size, inner]. */
type Lengths = Pick<Normalization, 'outer' | 'groups' | 'size' | 'inner'>;

/** One way that rows lie in memory. */
export interface LayoutFamily {
  readonly name: string;
  /** Lengths for rows of `size`. The larger the rows, the fewer of them. */
  readonly lengths: (size: number) => Omit<Lengths, 'size'>;
  /** Whether a layout is of this family. */
  readonly has: (lengths: Lengths) => boolean;
}

/** Few rows where they are long: a case has some 10,000 elements, or two rows. */
function few(size: number, most: number): number {
  return Math.max(2, Math.min(most, Math.floor(10_000 / size)));
}

/** Kernels differ by inner = 1, by whether inner fills vectors, by groups, and by whether there is one row alone. */
export const LAYOUT_FAMILIES: readonly LayoutFamily[] = [
  {
    name: 'rows',
    lengths: (size) => ({ outer: few(size, 37), groups: 1, inner: 1 }),
    has: ({ outer, groups, inner }) => outer > 1 && groups === 1 && inner === 1,
  },
  {
    name: 'one-row',
    lengths: () => ({ outer: 1, groups: 1, inner: 1 }),
    has: ({ outer, groups, inner }) => outer === 1 && groups === 1 && inner === 1,
  },
  {
    name: 'grouped-rows',
    lengths: (size) => ({ outer: size > 4096 ? 1 : 3, groups: few(size, 5), inner: 1 }),
    has: ({ groups, inner }) => groups > 1 && inner === 1,
  },
  {
    name: 'narrow-columns',
    lengths: (size) => ({ outer: size > 4096 ? 1 : 3, groups: 1, inner: size > 4096 ? 2 : 5 }),
    has: ({ groups, inner }) => groups === 1 && inner > 1 && inner < 8 && inner % 4 !== 0,
  },
  {
    name: 'vector-columns',
    lengths: (size) => ({ outer: size > 4096 ? 1 : 3, groups: 1, inner: size > 1024 ? 4 : 16 }),
    has: ({ groups, inner }) => groups === 1 && inner > 1 && inner % 4 === 0,
  },
  {
    name: 'wide-columns',
    lengths: (size) => ({ outer: size > 256 ? 1 : 2, groups: 1, inner: size > 1024 ? 9 : 67 }),
    has: ({ groups, inner }) => groups === 1 && inner > 8 && inner % 4 !== 0,
  },
  {
    name: 'grouped-columns',
    lengths: (size) => ({ outer: size > 4096 ? 1 : 2, groups: few(size, 3), inner: size > 4096 ? 2 : 7 }),
    has: ({ groups, inner }) => groups > 1 && inner > 1,
  },
];

export function layoutFamilyOf(lengths: Lengths): string | null {
  return LAYOUT_FAMILIES.find(({ has }) => has(lengths))?.name ?? null;
}

/** A tensor's shape, and the options that say which axis is normalized. */
export function layoutIn({ outer, groups, size, inner }: Lengths): Layout {
  const options: ForwardOptions = { dim: groups * size, axis: inner > 1 ? 1 : -1, ...(groups > 1 && { groups }) };
  return { shape: [outer, groups * size, ...(inner > 1 ? [inner] : [])], options };
}

/** The layout of a family with rows of this size. */
export function layoutOfFamily(name: string, size: number): Layout {
  const family = LAYOUT_FAMILIES.find((entry) => entry.name === name)!;
  return layoutIn({ ...family.lengths(size), size });
}
