import type { SlabRange } from '../planning/slabs.ts';
import { isCpu } from '../planning/team.ts';
import { is16Bit, type KernelProblem } from '../problem.ts';
import type { LaunchOf } from '../slab-plan.ts';
import { bound, bufferKey, declarations, type ShaderBuffer, written } from '../wgsl/bindings.ts';
import { TOTAL, workgroupTotals } from '../wgsl/compensated.ts';
import { conversions } from '../wgsl/float16.ts';
import { loadElements, storeElements, withOffset } from '../wgsl/load-store.ts';
import { PARAMETERS } from '../wgsl/parameters.ts';
import { BUILTINS, directives, WORKGROUP_INDEX } from '../wgsl/preamble.ts';
import { STATISTIC, TIMES_R } from '../wgsl/statistic.ts';
import { shaderOf, wgsl } from '../wgsl/template.ts';
import { PLACE } from '../wgsl/tiles.ts';
import { elementAliases, rowAliases } from '../wgsl/vectors.ts';
import { chunksOfTerms } from './chunks.ts';
import { type GradientCall, gradientBuffers, ROW_STATISTICS, scaledAndAdded } from './gradient.ts';
import { PARTIAL_SUMS, weightGradients } from './multi-pass-totals.ts';

// A block is one feature of columns, or two of 16 bits, in all slabs of its group: it begins and ends at a word. A workgroup
// has a block, or a chunk of its terms, and writes dx on its way.

/** Invocations of a workgroup, a power of two. */
const INVOCATIONS = 64;
/** On a CPU a barrier costs more than what is done between two of them. */
const INVOCATIONS_ON_CPU = 4;

interface BlockKernel extends GradientCall {
  readonly buffers: readonly ShaderBuffer[];
  readonly invocations: number;
}

export function blocksShareNoWord({ dtype, size, inner }: KernelProblem): boolean {
  return inner > 1 && (!is16Bit(dtype) || (size * inner) % 2 === 0);
}

/** dx, with dgamma and dbeta where there is one chunk; else with `chunks` partial sums of these, over all ranges of slabs. */
export function gradientBlocks(call: GradientCall, ranges: readonly SlabRange[]): { launch: LaunchOf; chunks: number } {
  const { problem, operands, capabilities, gamma, dsum, dxBuffer } = call;
  const blocks = problem.groups * Math.ceil(problem.size / featuresOfBlock(problem));
  const terms = (ranges[0]!.count / problem.groups) * problem.inner;
  const invocations = isCpu(capabilities) ? INVOCATIONS_ON_CPU : INVOCATIONS;
  const chunks = chunksOfTerms(terms, invocations, blocks);
  const sums = ranges.length * chunks === 1 ? weightGradients(call) : [written(PARTIAL_SUMS)];
  const buffers = bound([...gradientBuffers(call, 'word'), ROW_STATISTICS, ...sums], operands);
  const what = `${problem.dtype},${gamma},${dsum},${invocations}`;
  const key = `gradient-blocks:${what}:${bufferKey(buffers)}>${dxBuffer}`;
  const shader = shaderOf(key, () => code({ ...call, buffers, invocations }));
  return {
    chunks: ranges.length * chunks,
    launch: (_, index) => ({
      shader,
      buffers,
      workgroups: blocks * chunks,
      uniforms: { chunks, firstChunk: index * chunks },
    }),
  };
}

function featuresOfBlock({ dtype }: KernelProblem): 1 | 2 {
  return is16Bit(dtype) ? 2 : 1;
}

function code(kernel: BlockKernel): string {
  const { problem, buffers, gamma, dsum, dxBuffer, invocations } = kernel;
  const { dtype } = problem;
  const two = featuresOfBlock(problem) === 2;
  const access = two ? 'word' : 'one';
  return wgsl`
    ${directives(problem, false)}
    ${PARAMETERS}
    ${declarations(buffers)}

    ${elementAliases(two ? 2 : 1)}
    ${rowAliases(two ? 2 : 1)}

    ${PLACE}

    ${conversions(problem, two ? 2 : 1)}
    ${loadElements('x', 'x', dtype, access)}
    ${loadElements('dy', 'dy', dtype, access)}
    ${dsum && loadElements('dsum', 'dsum', dtype, access)}
    ${storeElements('dx', dxBuffer, dtype, access)}
    ${STATISTIC}
    ${TIMES_R}
    ${TOTAL}

    struct RowGradient { statistic: Statistic, mean: Elements }

    ${two ? ELEMENTS_OF_TWO_FEATURES : ELEMENTS_OF_ONE_FEATURE}
    ${workgroupTotals(invocations)}

    @compute @workgroup_size(${invocations})
    fn main(${BUILTINS}) {
      ${blockOfWorkgroup(two ? 2 : 1)}
      ${gamma && `let weights = ${withOffset(`Elements(${two ? 'gamma[feature], gamma[feature + 1u]' : 'gamma[feature]'})`)};`}
      var gamma_sum = Total();
      var beta_sum = Total();
      ${eachTerm(kernel)}
      let gamma_total = workgroup_total(gamma_sum, index);
      let beta_total = workgroup_total(beta_sum, index);
      if (index != 0u) { return; }
      ${storeSums(kernel)}
    }
  `;
}

/** Which block, and which chunk of its terms. */
function blockOfWorkgroup(features: number): string {
  return wgsl`
    let workgroup_index = ${WORKGROUP_INDEX};
    // A block is ${features === 1 ? 'a feature' : 'two features'} in all slabs of its group; the workgroup has a chunk of its terms.
    let blocks = (params.size + ${features - 1}u) / ${features}u;
    let chunk = workgroup_index / (blocks * params.groups);
    if (chunk >= params.chunks) { return; }
    let group = (workgroup_index / blocks) % params.groups;
    // Within its group of features.
    let first = (workgroup_index % blocks) * ${features}u;
    let feature = group * params.size + first;
    let words = min(${features}u, params.size - first) * params.inner / ${features}u;
    let slabs = params.rows / params.inner;
    let first_slab = (group + params.groups - params.first_slab % params.groups) % params.groups;
    let count = select(0u, (slabs - first_slab + params.groups - 1u) / params.groups, slabs > first_slab) * words;
    let each = (count + params.chunks - 1u) / params.chunks;
  `;
}

function eachTerm({ problem, gamma, dsum, invocations }: BlockKernel): string {
  const features = featuresOfBlock(problem);
  const statSize = features === 2 ? 'vec2u(params.stat_size)' : 'params.stat_size';
  return wgsl`
    for (var term = chunk * each + index; term < min((chunk + 1u) * each, count); term += ${invocations}u) {
      let slab = first_slab + (term / words) * params.groups;
      let element = (term % words) * ${features}u;
      let place = Place((slab * params.size + first) * params.inner + element, ${features}u, 0u, 0u);
      let second = in_second_feature(element);
      let row = load_row_gradient(rows_of(slab, element));
      let s = row.statistic;
      let dy = load_dy(place);
      let n = times_r(load_x(place), s);
      let g = dy${gamma && ' * of_each_element(weights, second)'};
      // At a zero denominator the mean is 0, and n may be infinite.
      let in_statistic = (features_of(first, second) < ${statSize}) & (s.exponent != RowInts(R_IS_INFINITE));
      let scaled = times_r(select(g, fma(-n, row.mean, g), in_statistic), s);
      store_dx(place, ${scaledAndAdded('scaled', dsum && 'load_dsum(place)')});
      gamma_sum = add(gamma_sum, of_each_feature(dy * (n * params.alpha), second));
      beta_sum = add(beta_sum, of_each_feature(dy, second));
    }
  `;
}

function storeSums({ problem, buffers }: BlockKernel): string {
  const two = featuresOfBlock(problem) === 2;
  const part = (of: string): string => (two ? `${of}[i]` : of);
  const store = (name: string, total: string): string | false =>
    buffers.some((buffer) => buffer.name === name) &&
    `${name}[feature + i] = value_of_total(Total(Elements(${part(`${total}.high`)}), Elements(${part(`${total}.low`)})))${two ? '.x' : ''};`;
  const parts = ['gamma_total.high', 'gamma_total.low', 'beta_total.high', 'beta_total.low'].map(part).join(', ');
  return wgsl`
    for (var i = 0u; i < min(${two ? 2 : 1}u, params.size - first); i++) {
      ${store('dgamma', 'gamma_total')}
      ${store('dbeta', 'beta_total')}
      ${
        buffers.some(({ name }) => name === PARTIAL_SUMS.name) &&
        `${PARTIAL_SUMS.name}[(params.first_chunk + chunk) * params.groups * params.size + feature + i] = vec4f(${parts});`
      }
    }
  `;
}

const ELEMENTS_OF_ONE_FEATURE = wgsl`
  alias ElementBools = bool;

  fn in_second_feature(element: u32) -> bool { return false; }
  fn features_of(first: u32, second: ElementBools) -> u32 { return first; }
  fn rows_of(slab: u32, element: u32) -> u32 { return slab * params.inner + element; }

  fn load_row_gradient(row: u32) -> RowGradient {
    let a = statistics[row];
    return RowGradient(Statistic(bitcast<f32>(a.x), bitcast<i32>(a.y)), bitcast<f32>(a.z));
  }

  fn of_each_feature(v: Elements, second: ElementBools) -> Elements { return v; }
  fn of_each_element(both: Elements, second: ElementBools) -> Elements { return both; }
`;

const ELEMENTS_OF_TWO_FEATURES = wgsl`
  alias ElementBools = vec2<bool>;

  // Of an invocation's two elements, which lie in a word, each belongs to the first feature or the second.
  fn in_second_feature(element: u32) -> ElementBools { return vec2u(element, element + 1u) >= vec2u(params.inner); }
  fn features_of(first: u32, second: ElementBools) -> vec2u { return first + select(vec2u(), vec2u(1u), second); }

  fn rows_of(slab: u32, element: u32) -> vec2u {
    return slab * params.inner + vec2u(element, element + 1u) - select(vec2u(), vec2u(params.inner), in_second_feature(element));
  }

  fn load_row_gradient(row: vec2u) -> RowGradient {
    let a = statistics[row.x];
    let b = statistics[row.y];
    return RowGradient(Statistic(bitcast<Elements>(vec2u(a.x, b.x)), bitcast<ElementInts>(vec2u(a.y, b.y))), bitcast<Elements>(vec2u(a.z, b.z)));
  }

  // Sums the elements of each feature.
  fn of_each_feature(v: Elements, second: ElementBools) -> Elements {
    let first = select(v, Elements(), second);
    let other = select(Elements(), v, second);
    return Elements(first.x + first.y, other.x + other.y);
  }

  // Spreads a number per feature to the elements.
  fn of_each_element(both: Elements, second: ElementBools) -> Elements { return select(both.xx, both.yy, second); }
`;
