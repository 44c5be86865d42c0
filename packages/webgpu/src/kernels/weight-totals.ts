import type { Problem } from '@rmsnorm/core';
import type { Capabilities, Dispatch } from '../dispatch.ts';
import { bindings, declarations } from './buffers.ts';
import { compensated } from './compensated.ts';
import { PARAMETERS, parameters } from './parameters.ts';
import { BUILTINS, gridOf, WORKGROUP_INDEX } from './parts.ts';
import { aliases, lines } from './wgsl.ts';

/** Features side by side, and invocations that share the chunks of each. */
const ACROSS = 16;
const DOWN = 16;

/** dgamma and dbeta from what workgroups summed up: `weight_sums`, [chunks, sums, features]. */
export function weightTotals(
  p: Problem,
  sums: readonly string[],
  chunks: number,
  capabilities: Capabilities,
): Dispatch {
  const buffers = [
    { name: 'weight_sums', type: 'array<f32>', write: false },
    ...sums.map((name) => ({ name, type: 'array<f32>', write: true })),
  ];
  return {
    shader: { key: `weight-totals:${sums.join()}`, code },
    bindings: bindings(buffers),
    uniforms: parameters(p, { firstSlab: 0, slabs: p.groups }, { chunks }),
    workgroups: gridOf(Math.ceil((sums.length * p.groups * p.size) / ACROSS), capabilities),
  };

  function code(): string {
    const put = (name: string, index: string): string => `${name}[${index}] = value_of_total(total);`;
    return lines(
      PARAMETERS,
      declarations(buffers),
      aliases('V', 'U', 'I', 1),
      compensated(),
      `
var<workgroup> totals: array<Total, ${ACROSS * DOWN}>;

@compute @workgroup_size(${ACROSS * DOWN})
fn main(${BUILTINS}) {
  let column = (${WORKGROUP_INDEX}) * ${ACROSS}u + index % ${ACROSS}u;
  let features = p.groups * p.size;
  let columns = ${sums.length}u * features;
  var total = Total();
  if (column < columns) {
    for (var chunk = index / ${ACROSS}u; chunk < p.chunks; chunk += ${DOWN}u) {
      total = add(total, weight_sums[chunk * columns + column]);
    }
  }
  totals[index] = total;
  for (var half = ${(ACROSS * DOWN) / 2}u; half >= ${ACROSS}u; half /= 2u) {
    workgroupBarrier();
    if (index < half) { totals[index] = add_total(totals[index], totals[index + half]); }
  }
  if (index >= ${ACROSS}u || column >= columns) { return; }
  total = totals[index];`,
      sums.length === 1
        ? `  ${put(sums[0]!, 'column')}`
        : `  if (column < features) { ${put(sums[0]!, 'column')} } else { ${put(sums[1]!, 'column - features')} }`,
      '}',
    );
  }
}
