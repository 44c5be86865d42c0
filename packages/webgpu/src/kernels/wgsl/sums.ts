import type { StatisticUses } from './statistic.ts';
import { wgsl } from './template.ts';

/** How many numbers are added one after the other. The sums of such chains are added with what each addition loses (Knuth's TwoSum). */
export const CHAIN = 8;

/** Adds `block` to `high`, and what that loses to `low`. */
export const ADD_BLOCK: string = wgsl`
  let sum = opaque(high + block);
  let back = opaque(sum - high);
  low += (high - (sum - back)) + (block - back);
  high = sum;
`;

/** `sum_of_squares(tile, scale)`: one member's part of it, of the elements that enter the statistic, times `scale`. */
export const SUM_OF_SQUARES: string = wgsl`
  // v itself, which a compiler cannot see: else it may simplify (high + v) - high to v.
  fn opaque(v: Elements) -> Elements { return bitcast<Elements>(bitcast<ElementBits>(v) ^ ElementBits(params.zero_bits)); }

  // high + low; where high is infinite, low is NaN and left out.
  fn with_lost(high: Elements, low: Elements) -> Elements {
    return select(high + low, high, (bitcast<ElementBits>(high) & ElementBits(MAGNITUDE_BITS)) == ElementBits(INFINITY_BITS));
  }

  // One member's part, of its elements times scale.
  fn sum_of_squares(tile: Tile, scale: RowValues) -> RowValues {
    var high = Elements();
    var low = Elements();
    let end = statistic_steps_of(tile);
    for (var start = member(); start < end; start += CHAIN * TEAM_WIDTH) {
      var block = Elements();
      for (var step = start; step < min(start + CHAIN * TEAM_WIDTH, end); step += TEAM_WIDTH) {
        let v = within_statistic(tile, step, norm_input_for_sum(place_for_sum(tile, step))) * scale;
        block = fma(v, v, block);
      }
      ${ADD_BLOCK}
    }
    return sum_per_row(with_lost(high, low));
  }
`;

/**
 * `rescaled(tile, sum)`: recomputes the statistic from scaled elements, as some row's squares overflowed or vanished. Plain
 * rows keep theirs.
 */
export function rescaling(uses: StatisticUses = {}): string {
  return wgsl`
    // The bits of one member's largest magnitude.
    fn largest_magnitude(tile: Tile) -> RowBits {
      var largest = ElementBits();
      for (var step = member(); step < statistic_steps_of(tile); step += TEAM_WIDTH) {
        largest = max(largest, bitcast<ElementBits>(within_statistic(tile, step, norm_input_for_sum(place_for_sum(tile, step)))) & ElementBits(MAGNITUDE_BITS));
      }
      return max_per_row(largest);
    }

    struct Rescaled { statistic: Statistic, rstd: RowValues, slope_factor: RowValues }

    // Recomputes the statistic from scaled elements, as some row's squares overflowed or vanished. Plain rows keep theirs.
    fn rescaled(tile: Tile, sum: RowValues) -> Rescaled {
      let largest = team_max(largest_magnitude(tile));
      let scaling = scaling_exponent(largest);
      let scaled = team_sum(sum_of_squares(tile, power_of_two(-scaling)));
      let plain = is_plain(sum);
      let s = scaled_statistic(largest, scaled, scaling, params.factor_mantissa, params.factor_mantissa_low, params.factor_exponent);
      var result = Rescaled(Statistic(select(s.r, plain_r(sum), plain), select(s.exponent, RowInts(0), plain)), RowValues(), RowValues(1.0));
      ${uses.rstd && RESCALED_RSTD}
      ${uses.slope && 'result.slope_factor = select(scaled_slope_factor(scaled, scaling), plain_slope_factor(sum), plain);'}
      return result;
    }
  `;
}

const RESCALED_RSTD = wgsl`
  let rstd_value = value_of(scaled_statistic(largest, scaled, scaling, params.rstd_mantissa, params.rstd_mantissa_low, params.rstd_exponent));
  result.rstd = select(rstd_value, plain_rstd(sum), plain);
`;

/** A statistic from sums that are given, of any magnitude. */
export const STATISTIC_OF_SUM: string = wgsl`
  fn statistic_of_sum(sum: RowValues) -> Statistic {
    let plain = is_plain(sum);
    let bits = bitcast<RowBits>(sum) & RowBits(MAGNITUDE_BITS);
    // As if the largest element were the power of two below the root.
    let root_exponent = (RowInts(bits >> RowBits(23u)) - RowInts(127)) >> RowBits(1u);
    let tiny = bits < RowBits(MIN_NORMAL_BITS);
    let largest = select(select(RowBits((root_exponent + RowInts(127)) << RowBits(23u)), RowBits(), tiny), bits, bits >= RowBits(INFINITY_BITS));
    let scaling = scaling_exponent(largest);
    let scaled = select(sum, RowValues(), tiny) * power_of_two(-scaling) * power_of_two(-scaling);
    let s = scaled_statistic(largest, scaled, scaling, params.factor_mantissa, params.factor_mantissa_low, params.factor_exponent);
    return Statistic(select(s.r, plain_r(sum), plain), select(s.exponent, RowInts(0), plain));
  }
`;
