import type { Capabilities, Dispatch } from '../../plan.ts';
import { isCpu } from '../planning/team.ts';
import type { KernelProblem } from '../problem.ts';
import { gridOf } from '../slab-plan.ts';
import { bindingsOf, declarations, reads, type ShaderBuffer, writes } from '../wgsl/bindings.ts';
import { TOTAL } from '../wgsl/compensated.ts';
import { PARAMETERS, parameters } from '../wgsl/parameters.ts';
import { BUILTINS, WORKGROUP_INDEX } from '../wgsl/preamble.ts';
import { shaderOf, wgsl } from '../wgsl/template.ts';
import { elementAliases } from '../wgsl/vectors.ts';

/** Invocations of a workgroup: so many features side by side, and so many that share the chunks of each. */
interface Shape {
  readonly across: number;
  readonly down: number;
}

/** dgamma and dbeta, which `sums` names, from what workgroups summed up: `weight_sums`, [chunks, sums, features]. */
export function singlePassTotals(
  problem: KernelProblem,
  sums: readonly string[],
  chunks: number,
  capabilities: Capabilities,
): Dispatch {
  const buffers = [reads('weight_sums'), ...sums.map((name) => writes(name))];
  // Barriers cost a CPU more than what they spare it.
  const alone = chunks < 32 || isCpu(capabilities);
  const shape = alone ? { across: 64, down: 1 } : { across: 16, down: 16 };
  return {
    shader: shaderOf(`single-pass-totals:${sums.join()},${shape.down}`, () => code(sums, buffers, shape)),
    bindings: bindingsOf(buffers),
    uniforms: parameters(problem, { first: 0, count: problem.groups }, { chunks }),
    workgroups: gridOf(Math.ceil((sums.length * problem.groups * problem.size) / shape.across), capabilities),
  };
}

function code(sums: readonly string[], buffers: readonly ShaderBuffer[], { across, down }: Shape): string {
  const [first, second] = sums;
  return wgsl`
    ${PARAMETERS}
    ${declarations(buffers)}

    ${elementAliases(1)}
    ${TOTAL}
    ${down > 1 && `var<workgroup> workgroup_totals: array<Total, ${across * down}>;`}

    @compute @workgroup_size(${across * down})
    fn main(${BUILTINS}) {
      let column = (${WORKGROUP_INDEX}) * ${across}u + index % ${across}u;
      let features = params.groups * params.size;
      let columns = ${sums.length}u * features;
      var total = Total();
      if (column < columns) {
        for (var chunk = index / ${across}u; chunk < params.chunks; chunk += ${down}u) {
          total = add(total, weight_sums[chunk * columns + column]);
        }
      }
      ${
        down > 1 &&
        wgsl`
          workgroup_totals[index] = total;
          for (var half = ${(across * down) / 2}u; half >= ${across}u; half /= 2u) {
            workgroupBarrier();
            if (index < half) { workgroup_totals[index] = add_totals(workgroup_totals[index], workgroup_totals[index + half]); }
          }
          total = workgroup_totals[index];
        `
      }
      if (index >= ${across}u || column >= columns) { return; }
      ${
        second === undefined
          ? `${first}[column] = value_of_total(total);`
          : `if (column < features) { ${first}[column] = value_of_total(total); } else { ${second}[column - features] = value_of_total(total); }`
      }
    }
  `;
}
