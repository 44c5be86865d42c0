/** Adds `block` to `high`, and what that loses to `low`. */
export const ADD_BLOCK = `
    let sum = opaque(high + block);
    let back = opaque(sum - high);
    low += (high - (sum - back)) + (block - back);
    high = sum;`;

/**
 * `sum_of_squares(row, scale)`: of the elements that enter the statistic, times `scale`, of one member of a team. Chains
 * of at most 8 additions; what they give is added with what each addition loses (Knuth's TwoSum).
 */
export function sumOfSquares(width: number): string {
  return `
// Keeps a compiler that believes in the laws of real numbers from simplifying what rounding is for.
fn opaque(v: V) -> V { return bitcast<V>(bitcast<U>(v) ^ U(p.zero)); }

fn total_of(high: V, low: V) -> V {
  return select(high + low, high, (bitcast<U>(high) & U(MAGNITUDE)) == U(INFINITY));
}

fn sum_of_squares(row: Row, scale: S) -> S {
  var high = V();
  var low = V();
  let end = statistic_steps(row);
  for (var start = lane(); start < end; start += ${8 * width}u) {
    var block = V();
    for (var j = start; j < min(start + ${8 * width}u, end); j += ${width}u) {
      let v = counted(row, j, source_for_sum(gather_place(row, j))) * scale;
      block = fma(v, v, block);
    }
    ${ADD_BLOCK}
  }
  return sum_of(total_of(high, low));
}`;
}

/** `rescaled(row, plain)`: the statistic of a row whose squares overflow or vanish, from its elements over again. */
export function rescaling(width: number, rstd: boolean, clamped = false): string {
  return `
fn largest(row: Row) -> SU {
  var top = U();
  for (var j = lane(); j < statistic_steps(row); j += ${width}u) {
    top = max(top, bitcast<U>(counted(row, j, source_for_sum(gather_place(row, j)))) & U(MAGNITUDE));
  }
  return max_of(top);
}

// clamped: whether eps is the denominator.
struct Rescaled { statistic: Statistic, rstd: S, clamped: SB }

// Of rows that are plain what they had.
fn rescaled(row: Row, sum: S) -> Rescaled {
  let top = team_max(largest(row));
  let power = power_of(top);
  let scaled = team_sum(sum_of_squares(row, power_of_two(-power)));
  let plain = is_plain(sum);
  let s = scaled_statistic(top, scaled, power, p.mantissa, p.mantissa_low, p.power);
  var result = Rescaled(Statistic(select(s.r, plain_r(sum), plain), select(s.power, SI(0), plain)), S(), SB());
  ${
    rstd
      ? `let root = value_of(scaled_statistic(top, scaled, power, p.root_mantissa, p.root_mantissa_low, p.root_power));
  result.rstd = select(root, plain_rstd(sum), plain);`
      : ''
  }
  ${clamped ? 'result.clamped = select(scaled <= scaled_eps(power), sum <= S(p.least), plain);' : ''}
  return result;
}`;
}

/**
 * Of a gradient's row: `clamped`, whether eps is the denominator, and `s`, unless that is given. `then` is done where the
 * row is not plain.
 */
export function gradientStatistic(squares: string, given: boolean, then = ''): string {
  return `
  let sum = team_sum(${squares});
  clamped = sum <= S(p.least);
  ${given ? '' : 's.r = plain_r(sum);'}
  if (team_any(!is_plain(sum))) {
    let result = rescaled(row, sum);
    clamped = result.clamped;
    ${given ? '' : `s = result.statistic;${then}`}
  }
  clamped = clamped & SB(p.clamp != 0u);`;
}

/** A statistic from sums that are given, of any magnitude. */
export const GIVEN_SUMS = `
fn statistic_of(sum: S) -> Statistic {
  let plain = is_plain(sum);
  let bits = bitcast<SU>(sum) & SU(MAGNITUDE);
  // As if the largest element were the power of two below the root.
  let half = (SI(bits >> SU(23u)) - SI(127)) >> SU(1u);
  let tiny = bits < SU(MIN_NORMAL);
  let top = select(select(SU((half + SI(127)) << SU(23u)), SU(), tiny), bits, bits >= SU(INFINITY));
  let power = power_of(top);
  let scaled = select(sum, S(), tiny) * power_of_two(-power) * power_of_two(-power);
  let s = scaled_statistic(top, scaled, power, p.mantissa, p.mantissa_low, p.power);
  return Statistic(select(s.r, plain_r(sum), plain), select(s.power, SI(0), plain));
}`;

export const PLAIN_RSTD = `
fn plain_rstd(sum: S) -> S {
  return root_times(plain_denominator(sum), p.root_mantissa, p.root_mantissa_low) * power_of_two(SI(p.root_power));
}`;
