import { reads, type ShaderBuffer } from './bindings.ts';
import type { StatisticUses } from './statistic.ts';
import { wgsl } from './template.ts';

// The sum of squares of a row that is split, in two dispatches. First of each section, as sum * 4^exponent (exponent 0 where
// the sum is plain) with the bits of its largest magnitude; then of all sections, by a fixed tree. Beside it, for backward,
// the sum of products g x as products * 2^products_exponent.

/** A section's result: sum, exponent | products_exponent << 16, largest, products; [rows, sections]. */
export const SECTIONS: ShaderBuffer = reads('sections', 'array<vec4u>');

/** Bytes of a section's result. */
export const SECTION_BYTES = 16;

/** A section whose sum is above this is scaled, as sums of several sections would overflow. */
export const HIGHEST_OF_SECTION: number = 2 ** 100;

/** `result`: of a section's squares. */
export const SQUARES_OF_SECTION: string = wgsl`
  let sum = team_sum(sum_of_squares(tile, 1.0));
  // Where the sum is plain the largest element does not matter: as if it were 1.
  var result = vec4u(bitcast<u32>(sum), 0u, 0x3f800000u, 0u);
  if (team_any(!is_plain(sum))) {
    let largest = team_max(largest_magnitude(tile));
    let scaling = scaling_exponent(largest);
    let scaled = team_sum(sum_of_squares(tile, power_of_two(-scaling)));
    result = vec4u(bitcast<u32>(scaled), bitcast<u32>(scaling) & 0xffffu, largest, 0u);
  }
`;

/** The end of a shader that sums up sections. */
export const STORE_SECTION: string = wgsl`
  if (member() == 0u) { sections[tile.row * params.sections + tile.section] = result; }
`;

/** `add_products_of_section(tile, result)`: with the section's sum of g x, from `load_x` and `load_weighted_dy`. */
export const PRODUCTS_OF_SECTION: string = wgsl`
  fn add_products_of_section(tile: Tile, result: vec4u) -> vec4u {
    var largest_x = ElementBits();
    var largest_g = ElementBits();
    for (var step = member(); step < steps_of(tile); step += TEAM_WIDTH) {
      let place = place_at(tile, step);
      largest_x = max(largest_x, bitcast<ElementBits>(load_x(place)) & ElementBits(MAGNITUDE_BITS));
      largest_g = max(largest_g, bitcast<ElementBits>(load_weighted_dy(place)) & ElementBits(MAGNITUDE_BITS));
    }
    // The largest of each becomes a number from 1 to 4.
    let x_exponent = clamp(i32(team_max(max_per_row(largest_x)) >> 23u) - 127, -126, 126);
    let g_exponent = clamp(i32(team_max(max_per_row(largest_g)) >> 23u) - 127, -126, 126);
    var total = Total();
    for (var step = member(); step < steps_of(tile); step += TEAM_WIDTH) {
      let place = place_at(tile, step);
      total = add(total, (load_x(place) * power_of_two(-x_exponent)) * (load_weighted_dy(place) * power_of_two(-g_exponent)));
    }
    let products = team_sum(sum_per_row(value_of_total(total)));
    let exponents = result.y | (bitcast<u32>(x_exponent + g_exponent) << 16u);
    return vec4u(result.x, exponents, result.z, bitcast<u32>(products));
  }
`;

const SUM_OF_SECTIONS: string = wgsl`
  // sum * 4^exponent, with the bits of the largest element.
  struct SumOfSections { sum: f32, exponent: i32, largest: u32 }

  fn sum_exponent(section: vec4u) -> i32 { return bitcast<i32>(section.y << 16u) >> 16u; }

  fn sum_of_sections(tile: Tile) -> SumOfSections {
    let first = tile.row * params.sections;
    var largest = 0u;
    var exponent = -126;
    for (var i = member(); i < params.sections; i += TEAM_WIDTH) {
      let section = sections[first + i];
      largest = max(largest, section.z);
      if (section.x != 0u) { exponent = max(exponent, sum_exponent(section)); }
    }
    largest = team_max(largest);
    exponent = i32(team_max(u32(exponent + 126))) - 126;
    var sum = 0.0;
    for (var i = member(); i < params.sections; i += TEAM_WIDTH) {
      let section = sections[first + i];
      let scale = power_of_two(sum_exponent(section) - exponent);
      sum += bitcast<f32>(section.x) * scale * scale;
    }
    return SumOfSections(team_sum(sum), exponent, largest);
  }
`;

/** `value_of_sections(tile)`: a row's sum of squares itself, which may be 0 or infinite. */
export const VALUE_OF_SECTIONS: string = wgsl`
  ${SUM_OF_SECTIONS}

  fn value_of_sections(tile: Tile) -> f32 {
    let all = sum_of_sections(tile);
    return all.sum * power_of_two(all.exponent) * power_of_two(all.exponent);
  }
`;

/** `statistic_of_sections(tile)`: the statistic of a row from its sections. */
export function statisticOfSections({ rstd = false, slope = false }: StatisticUses = {}): string {
  return wgsl`
    ${SUM_OF_SECTIONS}

    struct StatisticOfSections { statistic: Statistic, rstd: f32, slope_factor: f32 }

    fn statistic_of_sections(tile: Tile) -> StatisticOfSections {
      let all = sum_of_sections(tile);
      let sum = all.sum;
      let exponent = all.exponent;
      if (exponent == 0 && is_plain(sum)) {
        return StatisticOfSections(Statistic(plain_r(sum), 0), ${rstd ? 'plain_rstd(sum)' : '0.0'}, ${slope ? 'plain_slope_factor(sum)' : '1.0'});
      }
      let least = clamp(max(exponent, params.eps_exponent), -126, 126);
      let scaled = sum * power_of_two(exponent - least) * power_of_two(exponent - least);
      return StatisticOfSections(
        scaled_statistic(all.largest, scaled, least, params.factor_mantissa, params.factor_mantissa_low, params.factor_exponent),
        ${rstd ? 'value_of(scaled_statistic(all.largest, scaled, least, params.rstd_mantissa, params.rstd_mantissa_low, params.rstd_exponent))' : '0.0'},
        ${slope ? 'scaled_slope_factor(scaled, least)' : '1.0'},
      );
    }
  `;
}

/** `mean_of_sections(tile, s)`: a row's mean of g n over all its sections. */
export const MEAN_OF_SECTIONS: string = wgsl`
  fn products_exponent(section: vec4u) -> i32 { return bitcast<i32>(section.y) >> 16u; }

  fn mean_of_sections(tile: Tile, s: Statistic) -> f32 {
    let first = tile.row * params.sections;
    var exponent = -256;
    for (var i = member(); i < params.sections; i += TEAM_WIDTH) {
      let section = sections[first + i];
      if (section.w != 0u) { exponent = max(exponent, products_exponent(section)); }
    }
    exponent = i32(team_max(u32(exponent + 256))) - 256;
    var products = 0.0;
    for (var i = member(); i < params.sections; i += TEAM_WIDTH) {
      let section = sections[first + i];
      products += bitcast<f32>(section.w) * power_of_two(products_exponent(section) - exponent);
    }
    let mean = team_sum(products) * params.reciprocal_count;
    if (s.exponent == R_IS_NAN) { return bitcast<f32>(params.nan_bits); }
    // A zero that a compiler does not see: what is infinite becomes a NaN.
    if (s.exponent == R_IS_ZERO) { return mean * bitcast<f32>(params.zero_bits); }
    let e = clamp(exponent + s.exponent, -252, 252);
    let half_exponent = e / 2;
    return mean * s.r * power_of_two(half_exponent) * power_of_two(e - half_exponent);
  }
`;
