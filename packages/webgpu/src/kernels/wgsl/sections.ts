import type { Declared } from './access.ts';
import { lines } from './template.ts';

// A wide row's sum of squares in two steps: of each section, as `sum * 4^power` (power 0 where the sum is plain) with the
// bits of its largest magnitude; then of all sections, by a fixed tree. Beside it, for backward, the sum of g x as
// `dot * 2^power_of_dot`. A section's result is [sum, power | power_of_dot << 16, largest, dot].

/** Sums above it, added up, could be beyond float32: a section's are scaled from here on. */
export const HIGHEST_OF_SECTION: number = 2 ** 100;

/** Results of sections, [rows, sections]; read, but by the dispatch that has them. */
export const SECTIONS: Declared = { name: 'sections', type: 'array<vec4u>', write: false };

/** Bytes of a section's result. */
export const SECTION_BYTES = 16;

/** `result`: of a section's squares. */
export const SQUARES_OF_SECTION = `
  let sum = team_sum(sum_of_squares(row, 1.0));
  // Of what is plain the largest element does not matter: as if it were 1.
  var result = vec4u(bitcast<u32>(sum), 0u, 0x3f800000u, 0u);
  if (team_any(!is_plain(sum))) {
    let top = team_max(largest(row));
    let power = power_of(top);
    let scaled = team_sum(sum_of_squares(row, power_of_two(-power)));
    result = vec4u(bitcast<u32>(scaled), bitcast<u32>(power) & 0xffffu, top, 0u);
  }`;

/** The end of a shader that sums up sections. */
export const PUT_SECTION = `
  if (lane() == 0u) { sections[row.index * p.sections + row.section] = result; }`;

/** `add_dot(row, result)`: the section's sum of g x, from `load_x` and `weighted_gradient`. */
export function dotOfSection(width: number): string {
  return `
fn add_dot(row: Row, result: vec4u) -> vec4u {
  var of_x = U();
  var of_g = U();
  for (var j = lane(); j < steps(row); j += ${width}u) {
    let at = place(row, j);
    of_x = max(of_x, bitcast<U>(load_x(at)) & U(MAGNITUDE));
    of_g = max(of_g, bitcast<U>(weighted_gradient(at)) & U(MAGNITUDE));
  }
  // The largest of each becomes a number from 1 to 4.
  let power_of_x = clamp(i32(team_max(max_of(of_x)) >> 23u) - 127, -126, 126);
  let power_of_g = clamp(i32(team_max(max_of(of_g)) >> 23u) - 127, -126, 126);
  var total = Total();
  for (var j = lane(); j < steps(row); j += ${width}u) {
    let at = place(row, j);
    total = add(total, (load_x(at) * power_of_two(-power_of_x)) * (weighted_gradient(at) * power_of_two(-power_of_g)));
  }
  let dot = team_sum(sum_of(value_of_total(total)));
  let powers = result.y | (bitcast<u32>(power_of_x + power_of_g) << 16u);
  return vec4u(result.x, powers, result.z, bitcast<u32>(dot));
}`;
}

const COMBINED_SUM = (width: number): string => `
// sum * 4^power, with the bits of the largest element.
struct CombinedSum { sum: f32, power: i32, top: u32 }

fn power_of_sum(section: vec4u) -> i32 { return bitcast<i32>(section.y << 16u) >> 16u; }

fn combined_sum(row: Row) -> CombinedSum {
  let first = row.index * p.sections;
  var top = 0u;
  var power = -126;
  for (var i = lane(); i < p.sections; i += ${width}u) {
    let section = sections[first + i];
    top = max(top, section.z);
    if (section.x != 0u) { power = max(power, power_of_sum(section)); }
  }
  top = team_max(top);
  power = i32(team_max(u32(power + 126))) - 126;
  var sum = 0.0;
  for (var i = lane(); i < p.sections; i += ${width}u) {
    let section = sections[first + i];
    let scale = power_of_two(power_of_sum(section) - power);
    sum += bitcast<f32>(section.x) * scale * scale;
  }
  return CombinedSum(team_sum(sum), power, top);
}`;

/** `combined_value(row)`: the sum of squares itself, which may be 0 or infinite. */
export function combiningSums(width: number): string {
  return lines(
    COMBINED_SUM(width),
    `
fn combined_value(row: Row) -> f32 {
  let all = combined_sum(row);
  return all.sum * power_of_two(all.power) * power_of_two(all.power);
}`,
  );
}

/** `combined_mean(row, s)`: the mean of g n over all sections. */
export function combiningDots(width: number): string {
  return `
fn power_of_dot(section: vec4u) -> i32 { return bitcast<i32>(section.y) >> 16u; }

fn combined_mean(row: Row, s: Statistic) -> f32 {
  let first = row.index * p.sections;
  var power = -256;
  for (var i = lane(); i < p.sections; i += ${width}u) {
    let section = sections[first + i];
    if (section.w != 0u) { power = max(power, power_of_dot(section)); }
  }
  power = i32(team_max(u32(power + 256))) - 256;
  var dot = 0.0;
  for (var i = lane(); i < p.sections; i += ${width}u) {
    let section = sections[first + i];
    dot += bitcast<f32>(section.w) * power_of_two(power_of_dot(section) - power);
  }
  let mean = team_sum(dot) * p.reciprocal_count;
  if (s.power == NAN_ROW) { return bitcast<f32>(p.nan); }
  // A zero that a compiler does not see: what is infinite becomes a NaN.
  if (s.power == INFINITE_ROW) { return mean * bitcast<f32>(p.zero); }
  let e = clamp(power + s.power, -252, 252);
  let half = e / 2;
  return mean * s.r * power_of_two(half) * power_of_two(e - half);
}`;
}

/** `combined(row)`: the statistic of a row from its sections. */
export function combining(width: number, rstd: boolean): string {
  return lines(
    COMBINED_SUM(width),
    `
// clamped: whether eps is the denominator.
struct Combined { statistic: Statistic, rstd: f32, clamped: bool }

fn combined(row: Row) -> Combined {
  let all = combined_sum(row);
  let sum = all.sum;
  let power = all.power;
  if (power == 0 && is_plain(sum)) {
    return Combined(Statistic(plain_r(sum), 0), ${rstd ? 'plain_rstd(sum)' : '0.0'}, sum <= p.least);
  }
  let least = clamp(max(power, p.eps_power), -126, 126);
  let scaled = sum * power_of_two(power - least) * power_of_two(power - least);
  return Combined(
    scaled_statistic(all.top, scaled, least, p.mantissa, p.mantissa_low, p.power),
    ${rstd ? 'value_of(scaled_statistic(all.top, scaled, least, p.root_mantissa, p.root_mantissa_low, p.root_power))' : '0.0'},
    scaled <= scaled_eps(least),
  );
}`,
  );
}
