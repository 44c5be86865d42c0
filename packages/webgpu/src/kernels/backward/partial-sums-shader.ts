import { powerOfTwoFrom } from '../planning/layout.ts';
import type { SlabRange } from '../planning/slabs.ts';
import { isCpu } from '../planning/team.ts';
import type { KernelProblem } from '../problem.ts';
import type { LaunchOf } from '../slab-plan.ts';
import {
  boundForReading,
  bufferKey,
  declarations,
  elementArray,
  reads,
  type ShaderBuffer,
  written,
} from '../wgsl/bindings.ts';
import { TOTAL, workgroupTotals } from '../wgsl/compensated.ts';
import { widen } from '../wgsl/float16.ts';
import { loadElements } from '../wgsl/load-store.ts';
import { PARAMETERS } from '../wgsl/parameters.ts';
import { BUILTINS, directives, WORKGROUP_INDEX } from '../wgsl/preamble.ts';
import { STATISTIC, TIMES_R } from '../wgsl/statistic.ts';
import { shaderOf, wgsl } from '../wgsl/template.ts';
import { PLACE } from '../wgsl/tiles.ts';
import { elementAliases, rowAliases } from '../wgsl/vectors.ts';
import { chunksOfTerms } from './chunks.ts';
import { type GradientCall, ROW_STATISTICS } from './gradient.ts';
import { PARTIAL_SUMS } from './multi-pass-totals.ts';

/** Invocations of a workgroup. */
const INVOCATIONS = 128;
/** On a CPU a barrier costs more than what is done between two of them. */
const INVOCATIONS_ON_CPU = 4;

/** Invocations of a workgroup: so many features side by side, and so many that share the terms of each. */
interface Shape {
  readonly across: number;
  readonly down: number;
}

/** Partial sums of dgamma and dbeta, by the feature: `chunks` of each, over all ranges of slabs. */
export function partialSums(
  { problem, operands, capabilities }: GradientCall,
  ranges: readonly SlabRange[],
): { launch: LaunchOf; chunks: number } {
  const invocations = isCpu(capabilities) ? INVOCATIONS_ON_CPU : INVOCATIONS;
  const features = problem.groups * problem.size;
  // Side by side where features are neighbours in memory.
  const across = problem.inner === 1 ? Math.min(invocations / 2, 64, powerOfTwoFrom(features)) : 1;
  const down = invocations / across;
  const columns = Math.ceil(features / across);
  const terms = (ranges[0]!.count / problem.groups) * problem.inner;
  const chunks = chunksOfTerms(terms, down, columns);
  const type = elementArray(problem.dtype, 'one');
  const buffers = boundForReading(
    [reads('x', type), reads('dy', type), ROW_STATISTICS, written(PARTIAL_SUMS)],
    operands,
  );
  const key = `gradient-partial-sums:${problem.dtype},${across}x${down}:${bufferKey(buffers)}`;
  const shader = shaderOf(key, () => code(problem, { across, down }, buffers));
  return {
    chunks: ranges.length * chunks,
    launch: (_, index) => ({
      shader,
      buffers,
      workgroups: columns * chunks,
      uniforms: { chunks, firstChunk: index * chunks },
    }),
  };
}

function code(problem: KernelProblem, { across, down }: Shape, buffers: readonly ShaderBuffer[]): string {
  return wgsl`
    ${directives(problem, false)}
    ${PARAMETERS}
    ${declarations(buffers)}

    ${elementAliases(1)}
    ${rowAliases(1)}

    ${PLACE}

    ${widen(problem)}
    ${loadElements('x', 'x', problem.dtype, 'one')}
    ${loadElements('dy', 'dy', problem.dtype, 'one')}
    ${STATISTIC}
    ${TIMES_R}
    ${TOTAL}
    ${workgroupTotals(across * down, across)}

    @compute @workgroup_size(${across * down})
    fn main(${BUILTINS}) {
      // A workgroup has a chunk of the terms of ${across === 1 ? 'a feature' : 'neighbouring features'}.
      let workgroup_index = ${WORKGROUP_INDEX};
      let features = params.groups * params.size;
      let feature = (workgroup_index / params.chunks) * ${across}u + index % ${across}u;
      let chunk = workgroup_index % params.chunks;
      let offset = params.first_slab % params.groups;
      // Terms of a feature: all places of this range where its group is there, [outer, inner].
      let group = min(feature, features - 1u) / params.size;
      let slabs = params.rows / params.inner;
      let first_slab = (group + params.groups - offset) % params.groups;
      let count = select(0u, (slabs - first_slab + params.groups - 1u) / params.groups, slabs > first_slab) * params.inner;
      let each = (count + params.chunks - 1u) / params.chunks;
      var gamma_sum = Total();
      var beta_sum = Total();
      if (feature < features) {
        for (var term = chunk * each + index / ${across}u; term < min((chunk + 1u) * each, count); term += ${down}u) {
          let slab = first_slab + (term / params.inner) * params.groups;
          let column = term % params.inner;
          let place = Place((slab * params.size + feature % params.size) * params.inner + column, 1u, 0u, 0u);
          let row = slab * params.inner + column;
          let dy = load_dy(place);
          let s = statistics[row];
          gamma_sum = add(gamma_sum, dy * (times_r(load_x(place), Statistic(bitcast<f32>(s.x), bitcast<i32>(s.y))) * params.alpha));
          beta_sum = add(beta_sum, dy);
        }
      }
      let gamma_total = workgroup_total(gamma_sum, index);
      let beta_total = workgroup_total(beta_sum, index);
      if (index < ${across}u && feature < features) {
        partial_sums[(params.first_chunk + chunk) * features + feature] = vec4f(gamma_total.high, gamma_total.low, beta_total.high, beta_total.low);
      }
    }
  `;
}
