/**
 * `add(total, v)` and `add_total(a, b)`: sums whose error does not grow with the number of terms: beside the sum, what its
 * additions lost (Knuth's TwoSum).
 */
export const COMPENSATED = `
struct Total { high: V, low: V }

// Keeps a compiler that believes in the laws of real numbers from simplifying what rounding is for.
fn hidden(v: V) -> V { return bitcast<V>(bitcast<U>(v) ^ U(p.zero)); }

fn add(total: Total, v: V) -> Total {
  let sum = hidden(total.high + v);
  let back = hidden(sum - total.high);
  return Total(sum, total.low + ((total.high - (sum - back)) + (v - back)));
}

fn add_total(a: Total, b: Total) -> Total {
  let sum = add(a, b.high);
  return Total(sum.high, sum.low + b.low);
}`;
