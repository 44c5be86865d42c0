import type { ForwardOptions } from '../../operations/forward-spec.ts';

/** Where rows stand in a tensor. */
export interface Placement {
  readonly shape: readonly number[];
  readonly options: ForwardOptions;
  /** The distance between neighbours of a row. */
  readonly stride: number;
  readonly places: readonly { readonly row: number; readonly offset: number }[];
}

/** How `count` rows of `size` features come to stand in a tensor. */
type Place = (count: number, size: number) => Placement;

/** Contiguous rows have inner = 1, strided ones inner > 1: their sums may differ in the order of additions. */
export type Kind = 'contiguous' | 'strided';

/** One row by itself, in the kind of layout that its bits may depend on. */
export const ALONE: Readonly<Record<Kind, Place>> = {
  contiguous: (_count, size) => stacked([0], size),
  strided: (_count, size) => columns(1, size, 3),
};

/** A way to place rows. */
export interface PlacementKind {
  readonly kind: Kind;
  readonly place: Place;
  readonly groups?: true;
  /** How many rows are drawn; ROWS unless given. */
  readonly count?: number;
}

/** Places in which a row must come out with the same bits. */
export const PLACEMENTS: Readonly<Record<string, PlacementKind>> = {
  batch: { kind: 'contiguous', place: (count, size) => stacked(upTo(count), size) },
  reversed: { kind: 'contiguous', place: (count, size) => stacked(upTo(count).reverse(), size) },
  'among-512': {
    kind: 'contiguous',
    place: (count, size) =>
      stacked(
        upTo(512).map((i) => i % count),
        size,
      ),
  },
  'among-513': {
    kind: 'contiguous',
    place: (count, size) =>
      stacked(
        upTo(513).map((i) => i % count),
        size,
      ),
  },
  groups: { kind: 'contiguous', place: grouped, groups: true },
  'inner=2': { kind: 'strided', place: (count, size) => columns(count, size, 2) },
  'inner=5': { kind: 'strided', place: (count, size) => columns(count, size, 5) },
  'inner=16': { kind: 'strided', place: (count, size) => columns(count, size, 16) },
  'inner=67': { kind: 'strided', place: (count, size) => columns(count, size, 67) },
};

/** As PLACEMENTS, for rows so wide that few are drawn: kernels share a wide row among many threads where it is alone. */
export const WIDE_PLACEMENTS: Readonly<Record<string, PlacementKind>> = {
  'two-wide': { kind: 'contiguous', count: 2, place: (count, size) => stacked(upTo(count), size) },
  'wide-groups': { kind: 'contiguous', count: 2, place: grouped, groups: true },
  'wide-inner=2': { kind: 'strided', count: 2, place: (count, size) => columns(count, size, 2) },
  'among-150': {
    kind: 'contiguous',
    count: 2,
    place: (count, size) =>
      stacked(
        upTo(150).map((i) => i % count),
        size,
      ),
  },
};

/** How many rows are drawn. */
export const ROWS = 5;

/** One row after another, in the order given. */
function stacked(order: readonly number[], size: number): Placement {
  return {
    shape: [order.length, size],
    options: { dim: size, axis: -1 },
    stride: 1,
    places: order.map((row, i) => ({ row, offset: i * size })),
  };
}

/** Every row a group of its own. */
function grouped(count: number, size: number): Placement {
  return {
    shape: [1, count * size],
    options: { dim: count * size, axis: -1, groups: count },
    stride: 1,
    places: upTo(count).map((row) => ({ row, offset: row * size })),
  };
}

/** Rows as columns: `inner` of them beside each other, as many blocks as it takes, all places filled. */
function columns(count: number, size: number, inner: number): Placement {
  const blocks = Math.ceil(count / inner);
  return {
    shape: [blocks, size, inner],
    options: { dim: size },
    stride: inner,
    places: upTo(blocks * inner).map((place) => ({
      row: place % count,
      offset: Math.floor(place / inner) * size * inner + (place % inner),
    })),
  };
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
