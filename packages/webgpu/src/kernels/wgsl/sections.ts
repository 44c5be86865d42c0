import { reads, type ShaderBuffer } from './bindings.ts';
import { wgsl } from './template.ts';

// The sum of squares of a row that is split, in two dispatches. First of each section, as sum * 4^power (power 0 where the
// sum is plain) with the bits of its largest magnitude; then of all sections, by a fixed tree. Beside it, for backward, the
// sum of products g x as products * 2^power_of_products.

/** A section's result: sum, power | power_of_products << 16, largest, products; [rows, sections]. */
export const SECTIONS: ShaderBuffer = reads('sections', 'array<vec4u>');

/** Bytes of a section's result. */
export const SECTION_BYTES = 16;

/** Sums above it, added up, could be beyond float32: from here on a section's is scaled. */
export const HIGHEST_OF_SECTION: number = 2 ** 100;

/** `result`: of a section's squares. */
export const SQUARES_OF_SECTION: string = wgsl`
  let sum = team_sum(sum_of_squares(tile, 1.0));
  // Where the sum is plain the largest element does not matter: as if it were 1.
  var result = vec4u(bitcast<u32>(sum), 0u, 0x3f800000u, 0u);
  if (team_any(!is_plain(sum))) {
    let largest = team_max(largest_magnitude(tile));
    let power = scaling_power(largest);
    let scaled = team_sum(sum_of_squares(tile, power_of_two(-power)));
    result = vec4u(bitcast<u32>(scaled), bitcast<u32>(power) & 0xffffu, largest, 0u);
  }
`;

/** The end of a shader that sums up sections. */
export const STORE_SECTION: string = wgsl`
  if (lane() == 0u) { sections[tile.row * params.sections + tile.section] = result; }
`;

/** `add_products_of_section(tile, result)`: with the section's sum of g x, from `load_x` and `load_weighted_dy`. */
export const PRODUCTS_OF_SECTION: string = wgsl`
  fn add_products_of_section(tile: Tile, result: vec4u) -> vec4u {
    var largest_x = ElementBits();
    var largest_g = ElementBits();
    for (var step = lane(); step < steps_of(tile); step += TEAM_WIDTH) {
      let place = place_at(tile, step);
      largest_x = max(largest_x, bitcast<ElementBits>(load_x(place)) & ElementBits(MAGNITUDE_BITS));
      largest_g = max(largest_g, bitcast<ElementBits>(load_weighted_dy(place)) & ElementBits(MAGNITUDE_BITS));
    }
    // The largest of each becomes a number from 1 to 4.
    let power_of_x = clamp(i32(team_max(max_per_row(largest_x)) >> 23u) - 127, -126, 126);
    let power_of_g = clamp(i32(team_max(max_per_row(largest_g)) >> 23u) - 127, -126, 126);
    var total = Total();
    for (var step = lane(); step < steps_of(tile); step += TEAM_WIDTH) {
      let place = place_at(tile, step);
      total = add(total, (load_x(place) * power_of_two(-power_of_x)) * (load_weighted_dy(place) * power_of_two(-power_of_g)));
    }
    let products = team_sum(sum_per_row(value_of_total(total)));
    let powers = result.y | (bitcast<u32>(power_of_x + power_of_g) << 16u);
    return vec4u(result.x, powers, result.z, bitcast<u32>(products));
  }
`;

const SUM_OF_SECTIONS: string = wgsl`
  // sum * 4^power, with the bits of the largest element.
  struct SumOfSections { sum: f32, power: i32, largest: u32 }

  fn power_of_sum(section: vec4u) -> i32 { return bitcast<i32>(section.y << 16u) >> 16u; }

  fn sum_of_sections(tile: Tile) -> SumOfSections {
    let first = tile.row * params.sections;
    var largest = 0u;
    var power = -126;
    for (var i = lane(); i < params.sections; i += TEAM_WIDTH) {
      let section = sections[first + i];
      largest = max(largest, section.z);
      if (section.x != 0u) { power = max(power, power_of_sum(section)); }
    }
    largest = team_max(largest);
    power = i32(team_max(u32(power + 126))) - 126;
    var sum = 0.0;
    for (var i = lane(); i < params.sections; i += TEAM_WIDTH) {
      let section = sections[first + i];
      let scale = power_of_two(power_of_sum(section) - power);
      sum += bitcast<f32>(section.x) * scale * scale;
    }
    return SumOfSections(team_sum(sum), power, largest);
  }
`;

/** `value_of_sections(tile)`: a row's sum of squares itself, which may be 0 or infinite. */
export const VALUE_OF_SECTIONS: string = wgsl`
  ${SUM_OF_SECTIONS}

  fn value_of_sections(tile: Tile) -> f32 {
    let all = sum_of_sections(tile);
    return all.sum * power_of_two(all.power) * power_of_two(all.power);
  }
`;

/** `statistic_of_sections(tile)`: the statistic of a row from its sections. */
export function statisticOfSections(rstd: boolean): string {
  return wgsl`
    ${SUM_OF_SECTIONS}

    // clamped: whether eps is the denominator.
    struct StatisticOfSections { statistic: Statistic, rstd: f32, clamped: bool }

    fn statistic_of_sections(tile: Tile) -> StatisticOfSections {
      let all = sum_of_sections(tile);
      let sum = all.sum;
      let power = all.power;
      if (power == 0 && is_plain(sum)) {
        return StatisticOfSections(Statistic(plain_r(sum), 0), ${rstd ? 'plain_rstd(sum)' : '0.0'}, sum <= params.eps_least);
      }
      let least = clamp(max(power, params.eps_power), -126, 126);
      let scaled = sum * power_of_two(power - least) * power_of_two(power - least);
      return StatisticOfSections(
        scaled_statistic(all.largest, scaled, least, params.factor_mantissa, params.factor_mantissa_low, params.factor_power),
        ${rstd ? 'value_of(scaled_statistic(all.largest, scaled, least, params.rstd_mantissa, params.rstd_mantissa_low, params.rstd_power))' : '0.0'},
        scaled <= scaled_eps(least),
      );
    }
  `;
}

/** `mean_of_sections(tile, s)`: a row's mean of g n over all its sections. */
export const MEAN_OF_SECTIONS: string = wgsl`
  fn power_of_products(section: vec4u) -> i32 { return bitcast<i32>(section.y) >> 16u; }

  fn mean_of_sections(tile: Tile, s: Statistic) -> f32 {
    let first = tile.row * params.sections;
    var power = -256;
    for (var i = lane(); i < params.sections; i += TEAM_WIDTH) {
      let section = sections[first + i];
      if (section.w != 0u) { power = max(power, power_of_products(section)); }
    }
    power = i32(team_max(u32(power + 256))) - 256;
    var products = 0.0;
    for (var i = lane(); i < params.sections; i += TEAM_WIDTH) {
      let section = sections[first + i];
      products += bitcast<f32>(section.w) * power_of_two(power_of_products(section) - power);
    }
    let mean = team_sum(products) * params.reciprocal_count;
    if (s.power == NAN_ROW) { return bitcast<f32>(params.nan_bits); }
    // A zero that a compiler does not see: what is infinite becomes a NaN.
    if (s.power == INFINITE_ROW) { return mean * bitcast<f32>(params.zero_bits); }
    let e = clamp(power + s.power, -252, 252);
    let half = e / 2;
    return mean * s.r * power_of_two(half) * power_of_two(e - half);
  }
`;
