import type { Shader } from '../../plan.ts';
import type { KernelProblem } from '../problem.ts';
import { declarations, reads, type ShaderBuffer } from '../wgsl/bindings.ts';
import {
  type Affine,
  affineKey,
  type BufferOf,
  elementwise,
  type Fusion,
  fusedKey,
  normInput,
  weighting,
  writeOutput,
} from '../wgsl/fusion.ts';
import { PARAMETERS } from '../wgsl/parameters.ts';
import { BUILTINS, directives, WORKGROUP_INDEX } from '../wgsl/preamble.ts';
import { STATISTIC, TIMES_R } from '../wgsl/statistic.ts';
import { type Part, shaderOf, wgsl } from '../wgsl/template.ts';
import { PLACE } from '../wgsl/tiles.ts';
import { elementAliases, rowAliases } from '../wgsl/vectors.ts';

/** r of every row between two dispatches, a number and an exponent of two: see Statistic in wgsl/statistic.ts. */
export const R_BUFFERS: readonly ShaderBuffer[] = [reads('r'), reads('exponents', 'array<i32>')];

/** The second dispatch where r of every row is there: four elements in a row of memory, of whichever rows they are. */
export interface ElementwiseKernel {
  readonly problem: KernelProblem;
  readonly fusion: Fusion;
  readonly affine: Affine;
  readonly buffers: readonly ShaderBuffer[];
  readonly bufferOf: BufferOf;
}

/** Invocations of a workgroup. */
const INVOCATIONS = 64;

/** Workgroups that such a kernel takes. */
export function elementwiseWorkgroups(elements: number): number {
  return Math.ceil(elements / (4 * INVOCATIONS));
}

export function elementwiseShader(kernel: ElementwiseKernel): Shader {
  const { problem, fusion, affine } = kernel;
  const key = `elementwise:${fusion.name},${problem.dtype},${affineKey(affine)}:${fusedKey(kernel)}`;
  return shaderOf(key, () => code(kernel));
}

function code({ problem, fusion, affine, buffers, bufferOf }: ElementwiseKernel): string {
  return wgsl`
    ${elementwisePreamble(problem, buffers)}
    ${elementwise(fusion, problem, 'ragged')}
    ${normInput(fusion, problem, 'ragged')}
    ${STATISTIC}
    ${TIMES_R}
    ${weighting(affine, 'any', 'ragged')}
    ${writeOutput(fusion, problem, 'ragged', bufferOf)}

    fn statistic_of_rows(row: vec4u) -> Statistic {
      return Statistic(
        vec4f(r[row.x], r[row.y], r[row.z], r[row.w]),
        vec4i(exponents[row.x], exponents[row.y], exponents[row.z], exponents[row.w])
      );
    }

    ${mainOverElements(wgsl`
      let input = norm_input(place);
      write_output(place, input, times_r(input, statistic_of_rows(rows_of(first))));
    `)}
  `;
}

/** What kernels of four elements in a row of memory begin with; `rows_of(first)` and `features_of(first)` of these. */
export function elementwisePreamble(problem: KernelProblem, buffers: readonly ShaderBuffer[]): string {
  return wgsl`
    ${directives(problem, false)}
    ${PARAMETERS}
    ${declarations(buffers)}

    ${elementAliases(4)}
    ${rowAliases(4)}

    ${PLACE}

    fn element_indices(first: u32) -> vec4u { return min(vec4u(first) + ELEMENT_OFFSETS, vec4u(params.elements - 1u)); }
    fn slabs_of(first: u32) -> vec4u { return element_indices(first) / vec4u(params.size * params.inner); }
    fn rows_of(first: u32) -> vec4u { return slabs_of(first) * params.inner + element_indices(first) % vec4u(params.inner); }
    fn features_in_group(first: u32) -> vec4u { return (element_indices(first) / vec4u(params.inner)) % vec4u(params.size); }
    fn features_of(first: u32) -> vec4u { return ((slabs_of(first) + vec4u(params.first_slab)) % vec4u(params.groups)) * params.size + features_in_group(first); }
  `;
}

/** `main`, with the `place` of each four elements, of which `first` is the index of the first. */
export function mainOverElements(body: Part): string {
  return wgsl`
    @compute @workgroup_size(${INVOCATIONS})
    fn main(${BUILTINS}) {
      let first = 4u * ((${WORKGROUP_INDEX}) * ${INVOCATIONS}u + index);
      if (first >= params.elements) { return; }
      let place = Place(first, params.elements - first, 0u, 0u);
      ${body}
    }
  `;
}
