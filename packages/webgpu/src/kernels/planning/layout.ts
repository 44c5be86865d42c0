import { is16Bit, type KernelProblem } from '../problem.ts';
import { type Access, COMPONENTS, type Components, type WeightAccess } from './access.ts';

/**
 * A *tile* is what a team of invocations handles at a time. Which elements that are depends on how rows lie in memory:
 *
 * - `rows`: a row, which lies in one piece and is read four elements at a time
 * - `sections`: part of such a row
 * - `row-pairs`: two successive rows of an odd number of 16-bit elements, which begin and end at a word
 * - `resident-row-pairs`: the same where both are kept in registers
 * - `columns`: as many neighbouring columns as an invocation reads at a time, where neighbours in memory belong to different
 *   rows (inner > 1)
 */
export interface TileLayout {
  readonly kind: 'rows' | 'sections' | 'row-pairs' | 'resident-row-pairs' | 'columns';
  /** How elements are read and written. */
  readonly access: Access;
  /** How they are read for the statistic. */
  readonly sumAccess: Access;
  /** How many rows an invocation has elements of, each with a statistic. */
  readonly rows: Components;
  readonly weights: WeightAccess;
  /** Whether elements outside the statistic have to be left out of it. */
  readonly partial: boolean;
}

/** Features of a section. */
export const SECTION = 8192;

/** Columns of up to so many features are kept in registers: longer ones are faster read twice. */
export const RESIDENT_COLUMN = 1024;

/** The same for backward, which would have to read two tensors twice. */
export const RESIDENT_GRADIENT_COLUMN = 8192;

/** From so many features on a row is split into sections, each with a workgroup of its own. */
const WIDE = 65536;

/** Into how many sections a row is split; 1 where it is not. */
export function sectionsIn({ size, inner }: KernelProblem): number {
  return inner === 1 && size >= WIDE ? Math.ceil(size / SECTION) : 1;
}

/** Null where columns of 16-bit elements share words with their neighbours: no team has all statistics of such a word. */
export function tileLayoutOf({ dtype, size, inner, statSize }: KernelProblem): TileLayout | null {
  const short = is16Bit(dtype);
  const partial = statSize < size;
  if (inner > 1) {
    const access = inner % 4 === 0 ? 'quad' : short ? (inner % 2 === 0 ? 'word' : null) : 'one';
    return access && columns(access, partial);
  }
  if (short && size % 2 === 1) {
    return { kind: 'row-pairs', access: 'word', sumAccess: 'feature-of-pair', rows: 2, weights: 'two', partial };
  }
  return rows(size % 4 === 0 ? 'quad' : 'ragged', partial);
}

/** The layout of row pairs that are kept in registers. */
export function residentPairs(layout: TileLayout): TileLayout {
  const access = 'features-of-pair';
  return { ...layout, kind: 'resident-row-pairs', access, sumAccess: access, rows: 4, weights: 'two-of-pair' };
}

/** A layout in which rows are only read: words may then be shared. */
export function readingLayoutOf(problem: KernelProblem): TileLayout {
  const { dtype, size, inner, statSize } = problem;
  const partial = statSize < size;
  if (inner === 1 && is16Bit(dtype) && size % 2 === 1) return rows('unaligned', partial);
  return tileLayoutOf(problem) ?? columns('one', partial);
}

/** Rows by their sections. */
export function bySections(layout: TileLayout): TileLayout {
  return { ...layout, kind: 'sections' };
}

export function layoutKey({ kind, access, partial }: TileLayout): string {
  return `${kind},${access}${partial ? ',partial' : ''}`;
}

/** How many tiles so many rows are. */
export function tilesOf({ kind, rows: perTile }: TileLayout, rows: number): number {
  return kind === 'row-pairs' || kind === 'resident-row-pairs' ? Math.ceil(rows / 2) : rows / perTile;
}

/** The least power of two that is not below `value`. */
export function powerOfTwoFrom(value: number): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2(value)));
}

function rows(access: Access, partial: boolean): TileLayout {
  return { kind: 'rows', access, sumAccess: access, rows: 1, weights: 'consecutive', partial };
}

function columns(access: Access, partial: boolean): TileLayout {
  return { kind: 'columns', access, sumAccess: access, rows: COMPONENTS[access], weights: 'same', partial };
}
