import type { Capabilities } from '../../plan.ts';
import type { Problem } from '../problem.ts';
import { type Access, type Along, LANES } from '../wgsl/access.ts';
import { OF_TWINS, TWIN_PLACES } from '../wgsl/row-pairs.ts';
import { aliases, type Lanes, lines } from '../wgsl/template.ts';
import { columnTeam, rowTeam, type Team } from './team.ts';

/**
 * How rows lie, and which of them an invocation handles at a time:
 *
 * - `rows`: a row lies in one piece, and is read four elements at a time
 * - `sections`: the same, but each team has a section of a row
 * - `pairs`: rows of an odd number of 16-bit elements; two of them begin and end at a word, so that a team takes both
 * - `twins`: the same where both are held
 * - `columns`: neighbours belong to different rows; an invocation takes as many of them as lie in a word or four
 */
export interface Layout {
  readonly kind: 'rows' | 'sections' | 'pairs' | 'twins' | 'columns';
  /** How elements are read and written, and how they are read for the statistic. */
  readonly access: Access;
  readonly gather: Access;
  /** How many rows an invocation has a statistic of. */
  readonly statistics: Lanes;
  readonly along: Along;
  /** Whether elements outside the statistic have to be left out of it. */
  readonly partial: boolean;
}

/** Features of a section. */
export const SECTION = 8192;

/** Columns of up to so many features are held by a workgroup: longer ones are faster read twice. */
export const RESIDENT_COLUMN = 1024;

/** Of backward, which would have to read two tensors twice, and has sums over the columns besides. */
export const RESIDENT_GRADIENT_COLUMN = 8192;

/** From so many features on a row is split into sections, each a workgroup's. */
const WIDE = 65536;

/** How many sections a row is split into where each is a workgroup's; 1 where it is not. */
export function sectionsIn({ size, inner }: Problem): number {
  return inner === 1 && size >= WIDE ? Math.ceil(size / SECTION) : 1;
}

/** Null where columns of 16-bit elements share words with their neighbours: no team has all of a word's statistics. */
export function layoutOf(p: Problem): Layout | null {
  const halves = p.dtype !== 'float32';
  const partial = p.statSize < p.size;
  if (p.inner > 1) {
    const access = p.inner % 4 === 0 ? 'quad' : halves ? (p.inner % 2 === 0 ? 'word' : null) : 'one';
    return access && { kind: 'columns', access, gather: access, statistics: LANES[access], along: 'splat', partial };
  }
  if (halves && p.size % 2 === 1) {
    return { kind: 'pairs', access: 'word', gather: 'pair', statistics: 2, along: 'two', partial };
  }
  const access = p.size % 4 === 0 ? 'quad' : 'ragged';
  return { kind: 'rows', access, gather: access, statistics: 1, along: 'neighbours', partial };
}

/** Rows of an odd number of 16-bit elements, both of two held. */
export function twinsOf(layout: Layout): Layout {
  return { ...layout, kind: 'twins', access: 'twins', gather: 'twins', statistics: 4, along: 'twins' };
}

/** A layout in which rows are only read: one element at a time where they share words. */
export function readingLayoutOf(p: Problem): Layout {
  const partial = p.statSize < p.size;
  if (p.inner === 1 && p.dtype !== 'float32' && p.size % 2 === 1) {
    return { kind: 'rows', access: 'loose', gather: 'loose', statistics: 1, along: 'neighbours', partial };
  }
  return layoutOf(p) ?? { kind: 'columns', access: 'one', gather: 'one', statistics: 1, along: 'splat', partial };
}

export function layoutKey({ kind, access, partial }: Layout): string {
  return `${kind},${access}${partial ? ',partial' : ''}`;
}

/** How many teams it takes: each has a unit of one row, two, or as many columns as an invocation. */
export function unitsOf({ kind, statistics }: Layout, rows: number): number {
  return kind === 'pairs' || kind === 'twins' ? Math.ceil(rows / 2) : rows / statistics;
}

/** A team for rows that are read in loops; its width, and so the order of additions, follows from the size alone. */
export function loopTeam({ kind, statistics }: Layout, { size, dtype }: Problem, capabilities: Capabilities): Team {
  if (kind === 'columns') {
    // As where they are held, for the order of additions is the same: some columns of 16 bits share words and cannot be.
    if (size <= RESIDENT_COLUMN) return columnTeam(size, capabilities, dtype !== 'float32');
    // 16 numbers of each member beside each other, 64 bytes of float32.
    const teams = 16 / statistics;
    return { kind: 'shared', width: 16, teams, stride: teams };
  }
  const widest = capabilities.subgroups ? Math.min(256, 16 * capabilities.subgroups.least) : 256;
  const units = kind === 'pairs' ? size : Math.ceil(size / 4);
  const width = powerOfTwoFrom(units / 16);
  return rowTeam(Math.min(widest, Math.max(Math.min(4, powerOfTwoFrom(units)), width)), capabilities);
}

/** The least power of two that is not below `value`. */
export function powerOfTwoFrom(value: number): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2(value)));
}

/** Aliases for elements and statistics; `place(row, j)`, and what else the layout decides. */
export function placing(layout: Layout): string {
  const { access, gather, statistics, partial } = layout;
  const along = layout.kind === 'rows' || layout.kind === 'sections';
  return lines(
    aliases('V', 'U', 'I', LANES[access]),
    aliases('S', 'SU', 'SI', statistics),
    `alias SB = ${statistics === 1 ? 'bool' : `vec${statistics}<bool>`};`,
    ROW,
    PLACES[layout.kind](LANES[access]),
    gather === access && 'fn gather_place(row: Row, j: u32) -> At { return place(row, j); }',
    `fn counted(row: Row, j: u32, v: V) -> V { return ${partial ? `select(V(), v, ${COUNTED[layout.kind]})` : 'v'}; }`,
    layout.kind === 'twins' ? OF_TWINS : along ? ACROSS : ALONE,
    layout.kind === 'pairs'
      ? OF_TWO_ROWS
      : 'fn statistic_at(row: Row, j: u32, s: Statistic) -> Statistic { return s; }',
  );
}

const ROW = `
// A unit's row, or the first of its rows: its index, where it starts, its first feature; how many rows there are; of a
// section its index and the step of the row that it starts with.
struct Row { index: u32, base: u32, feature: u32, n: u32, section: u32, first: u32, size: u32 }

fn first_feature(slab: u32) -> u32 {
  if (p.groups == 1u) { return 0u; }
  return ((p.first_slab + slab) % p.groups) * p.size;
}`;

/** Whether elements enter the statistic. */
const COUNTED: Readonly<Record<Layout['kind'], string>> = {
  rows: 'FIRST_FOUR + 4u * j < vec4u(p.stat_size)',
  sections: 'FIRST_FOUR + 4u * (row.first + j) < vec4u(p.stat_size)',
  pairs: 'j < p.stat_size',
  twins: '2u * j + vec4u(0u, 0u, 1u, 1u) < vec4u(p.stat_size)',
  columns: 'j < p.stat_size',
};

/** Two rows that begin and end at a word. */
const ROW_OF_TWO = `
fn row_of(unit: u32) -> Row {
  return Row(2u * unit, 2u * unit * p.size, first_feature(2u * unit), min(2u, p.rows - 2u * unit), 0u, 0u, p.size);
}`;

const PLACES: Readonly<Record<Layout['kind'], (lanes: Lanes) => string>> = {
  rows: () => `
fn row_of(unit: u32) -> Row { return Row(unit, unit * p.size, first_feature(unit), 1u, 0u, 0u, p.size); }
fn place(row: Row, j: u32) -> At { return At(row.base + 4u * j, row.size - 4u * j, row.feature + 4u * j, 0u); }
fn steps(row: Row) -> u32 { return (row.size + 3u) / 4u; }
fn statistic_steps(row: Row) -> u32 { return (p.stat_size + 3u) / 4u; }
fn units() -> u32 { return p.rows; }`,
  sections: () => `
fn row_of(unit: u32) -> Row {
  let row = unit / p.sections;
  let section = unit % p.sections;
  return Row(row, row * p.size, first_feature(row), 1u, section, section * SECTION_STEPS, p.size);
}
fn place(row: Row, j: u32) -> At {
  let i = 4u * (row.first + j);
  return At(row.base + i, p.size - i, row.feature + i, 0u);
}
fn within_section(row: Row, size: u32) -> u32 {
  let quads = (size + 3u) / 4u;
  return min(quads - min(row.first, quads), SECTION_STEPS);
}
fn steps(row: Row) -> u32 { return within_section(row, p.size); }
fn statistic_steps(row: Row) -> u32 { return within_section(row, p.stat_size); }
fn units() -> u32 { return p.rows * p.sections; }
const SECTION_STEPS = ${SECTION / 4}u;`,
  pairs: () => `${ROW_OF_TWO}
fn gather_place(row: Row, j: u32) -> At { return At(row.base + j, row.n, row.feature + j, 0u); }
fn feature_at(row: Row, i: u32) -> u32 {
  return select(row.feature + i, first_feature(row.index + 1u) + i - p.size, i >= p.size);
}
fn place(row: Row, j: u32) -> At {
  return At(row.base + 2u * j, row.n * p.size - 2u * j, feature_at(row, 2u * j), feature_at(row, 2u * j + 1u));
}
fn steps(row: Row) -> u32 { return (row.n * p.size + 1u) / 2u; }
fn statistic_steps(row: Row) -> u32 { return p.stat_size; }
fn units() -> u32 { return (p.rows + 1u) / 2u; }`,
  twins: () => `${ROW_OF_TWO}${TWIN_PLACES}`,
  columns: (lanes) => `
fn row_of(unit: u32) -> Row {
  let across = p.inner / ${lanes}u;
  let slab = unit / across;
  let column = (unit % across) * ${lanes}u;
  return Row(slab * p.inner + column, slab * p.size * p.inner + column, first_feature(slab), ${lanes}u, 0u, 0u, p.size);
}
fn place(row: Row, j: u32) -> At { return At(row.base + j * p.inner, ${lanes}u, row.feature + j, 0u); }
fn steps(row: Row) -> u32 { return p.size; }
fn statistic_steps(row: Row) -> u32 { return p.stat_size; }
fn units() -> u32 { return p.rows / ${lanes}u; }`,
};

/** From an invocation's elements to its rows: all are one row's, */
const ACROSS = `
fn sum_of(v: V) -> S { return (v.x + v.y) + (v.z + v.w); }
fn max_of(v: U) -> SU { return max(max(v.x, v.y), max(v.z, v.w)); }`;

/** or each has its own. */
const ALONE = `
fn sum_of(v: V) -> S { return v; }
fn max_of(v: U) -> SU { return v; }`;

/** Which of two rows the elements of a word belong to. */
const OF_TWO_ROWS = `
fn statistic_at(row: Row, j: u32, s: Statistic) -> Statistic {
  let second = vec2u(2u * j, 2u * j + 1u) >= vec2u(p.size);
  return Statistic(select(s.r.xx, s.r.yy, second), select(s.power.xx, s.power.yy, second));
}`;

/** `put_NAME(row, v)`: one number for each row. */
export function putting(name: string, { kind, statistics }: Layout, type = 'S'): string {
  const two = kind === 'pairs' || kind === 'twins';
  const body =
    statistics === 1
      ? `${name}[row.index] = v;`
      : Array.from({ length: two ? 2 : statistics }, (_, i) => {
          const one = `${name}[row.index + ${i}u] = v.${'xyzw'[i]};`;
          return two && i > 0 ? `if (row.n > 1u) { ${one} }` : one;
        }).join(' ');
  return `fn put_${name}(row: Row, v: ${type}) { ${body} }`;
}

/** `get_NAME(row)`. */
export function getting(name: string, { kind, statistics }: Layout): string {
  const values = Array.from({ length: statistics }, (_, i) => {
    if (kind === 'pairs' || kind === 'twins') return `${name}[row.index${i % 2 ? ' + min(row.n, 2u) - 1u' : ''}]`;
    return `${name}[row.index + ${i}u]`;
  });
  return `fn get_${name}(row: Row) -> S { return S(${values.join(', ')}); }`;
}
