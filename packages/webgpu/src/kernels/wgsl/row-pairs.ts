import { wgsl } from './template.ts';

// Rows with an odd number of 16-bit elements: every second one begins in the middle of a 32-bit word, and shares that word
// with the row before. So rows are taken in pairs, which begin and end at a word.
//
// Where a pair is kept in registers, each invocation has the features 2 step and 2 step + 1 of both rows, so that a row's sum
// has the same order whether it is the first of its pair or the second. Elements are
//
//     [first row's 2 step, second row's 2 step, first row's 2 step + 1, second row's 2 step + 1]
//
// and RowValues [first, second, first, second]. In memory, the first row's two elements are a word. The second row's are
// not: its 2 step + 1 and 2 step + 2 are. An invocation writes these two words, and for that also keeps the second row's
// 2 step + 2, its *neighbour*. At the end of the rows, the first row's last element shares its word with the second row's
// first: there that is the neighbour, and the word the only one that is written.

/** What tiles of both kinds of row pairs have in common. */
export const PAIR_TILE: string = wgsl`
  // Two rows; the last tile may have one.
  fn tile_at(index: u32) -> Tile {
    return Tile(2u * index, 2u * index * params.size, first_feature(2u * index), min(2u, params.rows - 2u * index), 0u, 0u, params.size);
  }
`;

/** Of pairs that are kept in registers. The count of a place is that of the first row's elements, and as many again of the second. */
export const RESIDENT_PAIRS: string = wgsl`
  ${PAIR_TILE}

  fn place_at(tile: Tile, step: u32) -> Place {
    let count = 2u * tile.rows - select(0u, 1u, 2u * step + 1u >= params.size);
    return Place(tile.start + 2u * step, count, tile.feature + 2u * step, first_feature(tile.row + 1u) + 2u * step);
  }

  // Whether only the first of the two features is there.
  fn at_row_end(place: Place) -> bool { return (place.count & 1u) == 1u; }

  fn present_in_pair(place: Place) -> vec4<bool> {
    return vec4<bool>(true, place.count > 2u, !at_row_end(place), place.count == 4u);
  }

  fn steps_of(tile: Tile) -> u32 { return (params.size + 1u) / 2u; }
  fn statistic_steps_of(tile: Tile) -> u32 { return (params.stat_size + 1u) / 2u; }
  fn tile_count() -> u32 { return (params.rows + 1u) / 2u; }
`;

/** `neighbour_NAME(place)`: the second row's element that shares a word with the invocation's. */
export function loadNeighbour(name: string): string {
  return wgsl`
    fn neighbour_${name}(place: Place) -> f32 {
      return widen(${name}[select(((place.index + params.size) >> 1u) + 1u, place.index >> 1u, at_row_end(place))]).y;
    }
  `;
}

/** From the order in which elements are kept to that of the two words: elements, numbers of their rows, statistics. */
export const BY_WORDS: string = wgsl`
  fn by_words(place: Place, v: Elements, neighbour: f32) -> Elements {
    return Elements(v.x, select(v.z, neighbour, at_row_end(place)), v.w, neighbour);
  }

  fn row_values_by_words(place: Place, v: RowValues) -> RowValues { return select(v.xxyy, v.xyyy, at_row_end(place)); }

  fn statistic_by_words(place: Place, s: Statistic) -> Statistic {
    return Statistic(row_values_by_words(place, s.r), select(s.exponent.xxyy, s.exponent.xyyy, at_row_end(place)));
  }

  fn statistic_of_neighbour(s: Statistic) -> Statistic { return Statistic(s.r.yyyy, s.exponent.yyyy); }

  // Within their groups.
  fn features_by_words(place: Place, step: u32) -> vec4u {
    return select(2u * step + vec4u(0u, 1u, 1u, 2u), vec4u(2u * step, 0u, 0u, 0u), at_row_end(place));
  }
`;

export const GAMMA_BY_WORDS: string = wgsl`
  fn gamma_by_words(place: Place, step: u32) -> Elements {
    let f = features_by_words(place, step);
    let first = place.feature - 2u * step;
    let second = place.second_feature - 2u * step;
    return Elements(gamma[first + f.x], gamma[select(first, second, at_row_end(place)) + f.y], gamma[second + f.z], gamma[second + f.w]);
  }
`;

/** `load_NAME_by_words(place)`, or by another name: the two words as they stand in memory. */
export function loadByWords(name: string, loader: string = `load_${name}_by_words`): string {
  return wgsl`
    fn ${loader}(place: Place) -> Elements {
      return Elements(widen(${name}[place.index >> 1u]), widen(${name}[((place.index + params.size) >> 1u) + 1u]));
    }
  `;
}

/** `store_NAME(place, v)`: the two words. */
export function storeByWords(name: string, buffer: string): string {
  return wgsl`
    fn store_${name}(place: Place, v: Elements) {
      let bits16 = narrow(v);
      let word = place.index >> 1u;
      // Behind the tensor's last element there is half a word that stays as it is.
      ${buffer}[word] = bits16.x | select(bits16.y << 16u, ${buffer}[word] & 0xffff0000u, place.count == 1u);
      if (place.count == 4u) { ${buffer}[((place.index + params.size) >> 1u) + 1u] = bits16.z | (bits16.w << 16u); }
    }
  `;
}
