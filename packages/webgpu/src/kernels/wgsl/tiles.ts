import { unreachable } from '../../unreachable.ts';
import { SECTION, type TileLayout } from '../planning/layout.ts';
import { PAIR_TILE, RESIDENT_PAIRS } from './row-pairs.ts';
import { wgsl } from './template.ts';

/** Where an invocation's elements lie. */
export const PLACE: string = wgsl`
  struct Place {
    index: u32, // of the first element
    count: u32, // elements from here to the end, of the row in most layouts: there may be more than are read at a time
    feature: u32, // of the first
    second_feature: u32, // of the second, where it need not be the next
  }

  const ELEMENT_OFFSETS = vec4u(0u, 1u, 2u, 3u);
`;

/** `tile_at(index)`; `place_at(tile, step)`, where a step is what an invocation reads at a time; and what else the layout decides. */
export function tiles(layout: TileLayout): string {
  return wgsl`
    // What a team handles at a time.
    struct Tile {
      row: u32, // the first, or the only one
      start: u32, // index of its first element
      feature: u32, // of its first element
      rows: u32, // how many there are
      section: u32, // of a row that is split
      first_step: u32, // of that section, among the row's
      size: u32, // of a row
    }

    fn first_feature(slab: u32) -> u32 {
      if (params.groups == 1u) { return 0u; }
      return ((params.first_slab + slab) % params.groups) * params.size;
    }

    ${placesOf(layout)}
    ${layout.sumAccess === layout.access && 'fn place_for_sum(tile: Tile, step: u32) -> Place { return place_at(tile, step); }'}

    // v where it enters the statistic, else 0.
    fn within_statistic(tile: Tile, step: u32, v: Elements) -> Elements {
      return ${layout.partial ? `select(Elements(), v, ${entersStatistic(layout)})` : 'v'};
    }

    ${reductionsOf(layout)}

    // The statistic of each element's own row.
    ${layout.kind === 'row-pairs' ? STATISTIC_FOR_WORD : 'fn statistic_for(tile: Tile, step: u32, s: Statistic) -> Statistic { return s; }'}
  `;
}

function placesOf({ kind, rows }: TileLayout): string {
  switch (kind) {
    case 'rows':
      return ROWS;
    case 'sections':
      return SECTION_TILES;
    case 'row-pairs':
      return ROW_PAIRS;
    case 'resident-row-pairs':
      return RESIDENT_PAIRS;
    case 'columns':
      return wgsl`
        const TILE_ROWS = ${rows}u;

        ${COLUMNS}
      `;
    default:
      return unreachable(kind);
  }
}

const ROWS = wgsl`
  fn tile_at(index: u32) -> Tile {
    return Tile(index, index * params.size, first_feature(index), 1u, 0u, 0u, params.size);
  }

  fn place_at(tile: Tile, step: u32) -> Place {
    return Place(tile.start + 4u * step, tile.size - 4u * step, tile.feature + 4u * step, 0u);
  }

  fn steps_of(tile: Tile) -> u32 { return (tile.size + 3u) / 4u; }
  fn statistic_steps_of(tile: Tile) -> u32 { return (params.stat_size + 3u) / 4u; }
  fn tile_count() -> u32 { return params.rows; }
`;

const SECTION_TILES = wgsl`
  const SECTION_STEPS = ${SECTION / 4}u;

  fn tile_at(index: u32) -> Tile {
    let row = index / params.sections;
    let section = index % params.sections;
    return Tile(row, row * params.size, first_feature(row), 1u, section, section * SECTION_STEPS, params.size);
  }

  fn place_at(tile: Tile, step: u32) -> Place {
    let offset = 4u * (tile.first_step + step);
    return Place(tile.start + offset, params.size - offset, tile.feature + offset, 0u);
  }

  // Of the first so many features of the row.
  fn steps_in_section(tile: Tile, size: u32) -> u32 {
    let row_steps = (size + 3u) / 4u;
    return min(row_steps - min(tile.first_step, row_steps), SECTION_STEPS);
  }

  fn steps_of(tile: Tile) -> u32 { return steps_in_section(tile, params.size); }
  fn statistic_steps_of(tile: Tile) -> u32 { return steps_in_section(tile, params.stat_size); }
  fn tile_count() -> u32 { return params.rows * params.sections; }
`;

const ROW_PAIRS = wgsl`
  ${PAIR_TILE}

  // Of both rows the same feature.
  fn place_for_sum(tile: Tile, step: u32) -> Place {
    return Place(tile.start + step, tile.rows, tile.feature + step, 0u);
  }

  fn feature_at(tile: Tile, offset: u32) -> u32 {
    return select(tile.feature + offset, first_feature(tile.row + 1u) + offset - params.size, offset >= params.size);
  }

  // A word, which in the middle has an element of either row.
  fn place_at(tile: Tile, step: u32) -> Place {
    return Place(tile.start + 2u * step, tile.rows * params.size - 2u * step, feature_at(tile, 2u * step), feature_at(tile, 2u * step + 1u));
  }

  fn steps_of(tile: Tile) -> u32 { return (tile.rows * params.size + 1u) / 2u; }
  fn statistic_steps_of(tile: Tile) -> u32 { return params.stat_size; }
  fn tile_count() -> u32 { return (params.rows + 1u) / 2u; }
`;

const COLUMNS = wgsl`
  fn tile_at(index: u32) -> Tile {
    let tiles_of_slab = params.inner / TILE_ROWS;
    let slab = index / tiles_of_slab;
    let column = (index % tiles_of_slab) * TILE_ROWS;
    return Tile(slab * params.inner + column, slab * params.size * params.inner + column, first_feature(slab), TILE_ROWS, 0u, 0u, params.size);
  }

  fn place_at(tile: Tile, step: u32) -> Place {
    return Place(tile.start + step * params.inner, TILE_ROWS, tile.feature + step, 0u);
  }

  fn steps_of(tile: Tile) -> u32 { return params.size; }
  fn statistic_steps_of(tile: Tile) -> u32 { return params.stat_size; }
  fn tile_count() -> u32 { return params.rows / TILE_ROWS; }
`;

const STATISTIC_FOR_WORD = wgsl`
  fn statistic_for(tile: Tile, step: u32, s: Statistic) -> Statistic {
    let second_row = vec2u(2u * step, 2u * step + 1u) >= vec2u(params.size);
    return Statistic(select(s.r.xx, s.r.yy, second_row), select(s.exponent.xx, s.exponent.yy, second_row));
  }
`;

function entersStatistic({ kind }: TileLayout): string {
  switch (kind) {
    case 'rows':
      return 'ELEMENT_OFFSETS + 4u * step < vec4u(params.stat_size)';
    case 'sections':
      return 'ELEMENT_OFFSETS + 4u * (tile.first_step + step) < vec4u(params.stat_size)';
    case 'resident-row-pairs':
      return '2u * step + vec4u(0u, 0u, 1u, 1u) < vec4u(params.stat_size)';
    case 'row-pairs':
    case 'columns':
      return 'step < params.stat_size';
    default:
      return unreachable(kind);
  }
}

/** From an invocation's elements to a number for each of its rows. */
function reductionsOf({ kind }: TileLayout): string {
  switch (kind) {
    case 'rows':
    case 'sections':
      return wgsl`
        fn sum_per_row(v: Elements) -> RowValues { return (v.x + v.y) + (v.z + v.w); }
        fn max_per_row(v: ElementBits) -> RowBits { return max(max(v.x, v.y), max(v.z, v.w)); }
      `;
    case 'resident-row-pairs':
      return wgsl`
        // Two elements of either row; both rows' numbers twice.
        fn sum_per_row(v: Elements) -> RowValues { return v + v.zwxy; }
        fn max_per_row(v: ElementBits) -> RowBits { return max(v, v.zwxy); }
      `;
    case 'row-pairs':
    case 'columns':
      return wgsl`
        // Each element has a row of its own.
        fn sum_per_row(v: Elements) -> RowValues { return v; }
        fn max_per_row(v: ElementBits) -> RowBits { return v; }
      `;
    default:
      return unreachable(kind);
  }
}
