import type { Capabilities, Dispatch } from '../../plan.ts';
import { BUILTINS, gridOf, WORKGROUP_INDEX } from '../planning/slabs.ts';
import { narrowSubgroups } from '../planning/team.ts';
import type { Problem } from '../problem.ts';
import { bindings, declarations } from '../wgsl/access.ts';
import { compensated } from '../wgsl/compensated.ts';
import { PARAMETERS, parameters } from '../wgsl/parameters.ts';
import { aliases, lines } from '../wgsl/template.ts';

/** Invocations of a workgroup: so many features side by side, and so many that share the chunks of each. */
interface Shape {
  readonly across: number;
  readonly down: number;
}

/** Barriers cost a processor more than what they spare it. */
function shapeOf(chunks: number, capabilities: Capabilities): Shape {
  return chunks < 32 || narrowSubgroups(capabilities) ? { across: 64, down: 1 } : { across: 16, down: 16 };
}

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
  const { across, down } = shapeOf(chunks, capabilities);
  return {
    shader: { key: `weight-totals:${sums.join()},${down}`, code },
    bindings: bindings(buffers),
    uniforms: parameters(p, { firstSlab: 0, slabs: p.groups }, { chunks }),
    workgroups: gridOf(Math.ceil((sums.length * p.groups * p.size) / across), capabilities),
  };

  function code(): string {
    const put = (name: string, index: string): string => `${name}[${index}] = value_of_total(total);`;
    return lines(
      PARAMETERS,
      declarations(buffers),
      aliases('V', 'U', 'I', 1),
      compensated(),
      down > 1 && `var<workgroup> totals: array<Total, ${across * down}>;`,
      `
@compute @workgroup_size(${across * down})
fn main(${BUILTINS}) {
  let column = (${WORKGROUP_INDEX}) * ${across}u + index % ${across}u;
  let features = p.groups * p.size;
  let columns = ${sums.length}u * features;
  var total = Total();
  if (column < columns) {
    for (var chunk = index / ${across}u; chunk < p.chunks; chunk += ${down}u) {
      total = add(total, weight_sums[chunk * columns + column]);
    }
  }`,
      down > 1 &&
        `
  totals[index] = total;
  for (var half = ${(across * down) / 2}u; half >= ${across}u; half /= 2u) {
    workgroupBarrier();
    if (index < half) { totals[index] = add_total(totals[index], totals[index + half]); }
  }
  total = totals[index];`,
      `  if (index >= ${across}u || column >= columns) { return; }`,
      sums.length === 1
        ? `  ${put(sums[0]!, 'column')}`
        : `  if (column < features) { ${put(sums[0]!, 'column')} } else { ${put(sums[1]!, 'column - features')} }`,
      '}',
    );
  }
}
