// A wide row's sum of squares in two steps: of each section, as `sum * 4^power` (power 0 where the sum is plain) with the
// bits of its largest magnitude; then of all sections, by a fixed tree.

/** Sums above it, added up, could be beyond float32: a section's are scaled from here on. */
export const HIGHEST_OF_SECTION: number = 2 ** 100;

/** Bytes of a section's result. */
export const SECTION_BYTES = 16;

/** The end of a shader that sums up sections. */
export const PUT_SECTION = `
  let sum = team_sum(sum_of_squares(row, 1.0));
  // Of what is plain the largest element does not matter: as if it were 1.
  var result = vec4u(bitcast<u32>(sum), 0u, 0x3f800000u, 0u);
  if (team_any(!is_plain(sum))) {
    let top = team_max(largest(row));
    let power = power_of(top);
    let scaled = team_sum(sum_of_squares(row, power_of_two(-power)));
    result = vec4u(bitcast<u32>(scaled), bitcast<u32>(power), top, 0u);
  }
  if (lane() == 0u) { sections[row.index * p.sections + row.section] = result; }`;

/** `combined(row)`: the statistic of a row from its sections. */
export function combining(width: number, rstd: boolean): string {
  return `
struct Combined { statistic: Statistic, rstd: f32 }

fn combined(row: Row) -> Combined {
  let first = row.index * p.sections;
  var top = 0u;
  var power = -126;
  for (var i = lane(); i < p.sections; i += ${width}u) {
    let section = sections[first + i];
    top = max(top, section.z);
    if (section.x != 0u) { power = max(power, bitcast<i32>(section.y)); }
  }
  top = team_max(top);
  power = i32(team_max(u32(power + 126))) - 126;
  var sum = 0.0;
  for (var i = lane(); i < p.sections; i += ${width}u) {
    let section = sections[first + i];
    let scale = power_of_two(bitcast<i32>(section.y) - power);
    sum += bitcast<f32>(section.x) * scale * scale;
  }
  sum = team_sum(sum);
  if (power == 0 && is_plain(sum)) {
    return Combined(Statistic(plain_r(sum), 0), ${rstd ? 'plain_rstd(sum)' : '0.0'});
  }
  let least = clamp(max(power, p.eps_power), -126, 126);
  let scaled = sum * power_of_two(power - least) * power_of_two(power - least);
  return Combined(
    scaled_statistic(top, scaled, least, p.mantissa, p.mantissa_low, p.power),
    ${rstd ? 'value_of(scaled_statistic(top, scaled, least, p.root_mantissa, p.root_mantissa_low, p.root_power))' : '0.0'},
  );
}`;
}
