import type { Dispatch } from '../../plan.ts';
import { gridOf } from '../slab-plan.ts';
import { bindingsOf, bufferKey, declarations, reads, type ShaderBuffer, writes } from '../wgsl/bindings.ts';
import { TOTAL } from '../wgsl/compensated.ts';
import { PARAMETERS, parameters } from '../wgsl/parameters.ts';
import { BUILTINS, WORKGROUP_INDEX } from '../wgsl/preamble.ts';
import { shaderOf, wgsl } from '../wgsl/template.ts';
import { elementAliases } from '../wgsl/vectors.ts';
import type { GradientCall } from './gradient.ts';

/** Partial sums of dgamma and dbeta, [chunks, features], as vec4f(dgamma, what it lost, dbeta, what it lost). */
export const PARTIAL_SUMS: ShaderBuffer = reads('partial_sums', 'array<vec4f>');

/** Bytes of a feature's. */
export const PARTIAL_SUMS_BYTES = 16;

/** dgamma and dbeta, as far as they are wanted. */
export function weightGradients({ dgamma, dbeta }: GradientCall): ShaderBuffer[] {
  return [...(dgamma ? [writes('dgamma')] : []), ...(dbeta ? [writes('dbeta')] : [])];
}

/** Invocations of a workgroup, each with a feature. */
const INVOCATIONS = 64;

/** Adds up the partial sums. */
export function multiPassTotals(call: GradientCall, chunks: number): Dispatch {
  const { problem, capabilities } = call;
  const buffers = [PARTIAL_SUMS, ...weightGradients(call)];
  return {
    shader: shaderOf(`multi-pass-totals:${bufferKey(buffers)}`, () => code(call, buffers)),
    bindings: bindingsOf(buffers),
    uniforms: parameters(problem, { first: 0, count: problem.groups }, { chunks }),
    workgroups: gridOf(Math.ceil((problem.groups * problem.size) / INVOCATIONS), capabilities),
  };
}

function code({ dgamma, dbeta }: GradientCall, buffers: readonly ShaderBuffer[]): string {
  return wgsl`
    ${PARAMETERS}
    ${declarations(buffers)}

    ${elementAliases(1)}
    ${TOTAL}

    @compute @workgroup_size(${INVOCATIONS})
    fn main(${BUILTINS}) {
      let feature = (${WORKGROUP_INDEX}) * ${INVOCATIONS}u + index;
      let features = params.groups * params.size;
      if (feature >= features) { return; }
      var gamma_sum = Total();
      var beta_sum = Total();
      for (var chunk = 0u; chunk < params.chunks; chunk++) {
        let partial = partial_sums[chunk * features + feature];
        gamma_sum = add_totals(gamma_sum, Total(partial.x, partial.y));
        beta_sum = add_totals(beta_sum, Total(partial.z, partial.w));
      }
      ${dgamma && 'dgamma[feature] = value_of_total(gamma_sum);'}
      ${dbeta && 'dbeta[feature] = value_of_total(beta_sum);'}
    }
  `;
}
