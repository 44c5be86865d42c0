import { unreachable } from '../../unreachable.ts';
import { wgsl } from './template.ts';

// Sums whose error does not grow with the number of terms: beside the sum, what its additions lost (Knuth's TwoSum).

/** The type of what is added: elements as they are, or a number for each of one or two features. */
export type TermType = 'Elements' | 'vec2f' | 'f32';

/** `Total` of Elements, with `add`, `add_totals` and `value_of_total`. */
export const TOTAL: string = compensated('Elements', {
  struct: 'Total',
  opaque: 'opaque_total',
  add: 'add',
  addTotals: 'add_totals',
  value: 'value_of_total',
});

/** `TermTotal` of terms, with `add_term`, `add_term_totals` and `value_of_term_total`. */
export function termTotal(type: TermType): string {
  return compensated(type, {
    struct: 'TermTotal',
    opaque: 'opaque_term',
    add: 'add_term',
    addTotals: 'add_term_totals',
    value: 'value_of_term_total',
  });
}

interface Names {
  readonly struct: string;
  readonly opaque: string;
  readonly add: string;
  readonly addTotals: string;
  readonly value: string;
}

function compensated(type: TermType, { struct, opaque, add, addTotals, value }: Names): string {
  const bits = bitsOf(type);
  return wgsl`
    // A sum, and what its additions lost (Knuth's TwoSum).
    struct ${struct} { high: ${type}, low: ${type} }

    // v itself, which a compiler cannot see: else it may simplify (high + v) - high to v.
    fn ${opaque}(v: ${type}) -> ${type} { return bitcast<${type}>(bitcast<${bits}>(v) ^ ${bits}(params.zero_bits)); }

    fn ${add}(total: ${struct}, v: ${type}) -> ${struct} {
      let sum = ${opaque}(total.high + v);
      let back = ${opaque}(sum - total.high);
      return ${struct}(sum, total.low + ((total.high - (sum - back)) + (v - back)));
    }

    fn ${addTotals}(a: ${struct}, b: ${struct}) -> ${struct} {
      let sum = ${add}(a, b.high);
      return ${struct}(sum.high, sum.low + b.low);
    }

    // high + low; where high is infinite, low is NaN and left out.
    fn ${value}(total: ${struct}) -> ${type} {
      let finite = (bitcast<${bits}>(total.high) & ${bits}(0x7fffffffu)) < ${bits}(0x7f800000u);
      return select(total.high, total.high + total.low, finite);
    }
  `;
}

function bitsOf(type: TermType): string {
  switch (type) {
    case 'Elements':
      return 'ElementBits';
    case 'vec2f':
      return 'vec2u';
    case 'f32':
      return 'u32';
    default:
      return unreachable(type);
  }
}

/**
 * `workgroup_total(own, index)`: the sum over the invocations of a workgroup, `size` of them, or over those that lie `across`
 * apart; it is in the first of each. Both are powers of two.
 */
export function workgroupTotals(size: number, across = 1): string {
  return wgsl`
    var<workgroup> workgroup_totals: array<Total, ${size}>;

    fn workgroup_total(own: Total, index: u32) -> Total {
      workgroupBarrier();
      workgroup_totals[index] = own;
      for (var half = ${size / 2}u; half >= ${across}u; half /= 2u) {
        workgroupBarrier();
        if (index < half) { workgroup_totals[index] = add_totals(workgroup_totals[index], workgroup_totals[index + half]); }
      }
      return workgroup_totals[index];
    }
  `;
}
