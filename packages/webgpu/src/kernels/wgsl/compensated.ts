import { lines } from './template.ts';

/**
 * Sums whose error does not grow with the number of terms: beside the sum, what its additions lost (Knuth's TwoSum).
 * `add(total, v)`, `add_total(a, b)`, `value_of_total(total)`, of type V; and `add_term`, ... of `terms`' type.
 */
export function compensated(terms: 'V' | 'vec2f' | 'f32' | null = null): string {
  return lines(
    total('Total', '', 'V', 'U'),
    terms !== null && total('Terms', '_term', terms, { V: 'U', vec2f: 'vec2u', f32: 'u32' }[terms]),
  );
}

/**
 * `total_of(own, index)`: the sum over all invocations of a workgroup, `size` of them, `across` apart from each other; it
 * is in the first of each. Both are powers of two.
 */
export function workgroupTotals(size: number, across = 1): string {
  return `
var<workgroup> totals: array<Total, ${size}>;

fn total_of(own: Total, index: u32) -> Total {
  workgroupBarrier();
  totals[index] = own;
  for (var half = ${size / 2}u; half >= ${across}u; half /= 2u) {
    workgroupBarrier();
    if (index < half) { totals[index] = add_total(totals[index], totals[index + half]); }
  }
  return totals[index];
}`;
}

function total(name: string, suffix: string, type: string, bits: string): string {
  return `
struct ${name} { high: ${type}, low: ${type} }

// Keeps a compiler that believes in the laws of real numbers from simplifying what rounding is for.
fn hidden${suffix}(v: ${type}) -> ${type} { return bitcast<${type}>(bitcast<${bits}>(v) ^ ${bits}(p.zero)); }

fn add${suffix}(total: ${name}, v: ${type}) -> ${name} {
  let sum = hidden${suffix}(total.high + v);
  let back = hidden${suffix}(sum - total.high);
  return ${name}(sum, total.low + ((total.high - (sum - back)) + (v - back)));
}

fn add_total${suffix}(a: ${name}, b: ${name}) -> ${name} {
  let sum = add${suffix}(a, b.high);
  return ${name}(sum.high, sum.low + b.low);
}

// Of an infinity what was lost is no number.
fn value_of_total${suffix}(total: ${name}) -> ${type} {
  let finite = (bitcast<${bits}>(total.high) & ${bits}(0x7fffffffu)) < ${bits}(0x7f800000u);
  return select(total.high, total.high + total.low, finite);
}`;
}
