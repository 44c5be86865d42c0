import type { Shader } from '../../plan.ts';
import { BUILTINS, WORKGROUP_INDEX } from '../planning/slabs.ts';
import type { Problem } from '../problem.ts';
import { AT, type Declared, declarations, FIRST_FOUR } from '../wgsl/access.ts';
import { enableF16 } from '../wgsl/float16.ts';
import {
  boundKey,
  elementwise,
  type Operation,
  sink,
  source,
  type VariableOf,
  type Weights,
  weighting,
  weightsKey,
} from '../wgsl/fusion.ts';
import { PARAMETERS } from '../wgsl/parameters.ts';
import { statistics } from '../wgsl/statistic.ts';
import { aliases, lines } from '../wgsl/template.ts';

/** Invocations of a workgroup, each with four elements. */
export const SCATTERED = 64;

/** The second step where r of every row is there: four elements in a row of memory, of whichever rows they are. */
export interface ScatteredKernel {
  readonly p: Problem;
  readonly operation: Operation;
  readonly weights: Weights;
  readonly buffers: readonly Declared[];
  readonly variable: VariableOf;
}

export function scatteredShader(kernel: ScatteredKernel): Shader {
  const { p, operation, weights } = kernel;
  const bound = boundKey(kernel);
  return {
    key: `scattered:${operation.name},${p.dtype},${weightsKey(weights)}:${bound}`,
    code: () => scatteredCode(kernel),
  };
}

/** `rows(i)`, `features(i)` of the four elements from `i` on; aliases for four rows at a time. */
export const SCATTERED_PLACES: string = lines(
  aliases('V', 'U', 'I', 4),
  aliases('S', 'SU', 'SI', 4),
  'alias SB = vec4<bool>;',
  AT,
  FIRST_FOUR,
  `
fn indices(i: u32) -> vec4u { return min(vec4u(i) + FIRST_FOUR, vec4u(p.elements - 1u)); }
fn slabs(i: u32) -> vec4u { return indices(i) / vec4u(p.size * p.inner); }
fn rows(i: u32) -> vec4u { return slabs(i) * p.inner + indices(i) % vec4u(p.inner); }
fn in_group(i: u32) -> vec4u { return (indices(i) / vec4u(p.inner)) % vec4u(p.size); }
fn features(i: u32) -> vec4u { return ((slabs(i) + vec4u(p.first_slab)) % vec4u(p.groups)) * p.size + in_group(i); }`,
);

/** The same, and `statistic_of_rows(rows)`. */
const SCATTER: string = lines(
  SCATTERED_PLACES,
  `
fn statistic_of_rows(row: vec4u) -> Statistic {
  return Statistic(vec4f(r[row.x], r[row.y], r[row.z], r[row.w]), vec4i(powers[row.x], powers[row.y], powers[row.z], powers[row.w]));
}`,
);

/** Runs `body` with `at` for each four elements. */
export function scatteredMain(body: string): string {
  return `
@compute @workgroup_size(${SCATTERED})
fn main(${BUILTINS}) {
  let i = 4u * ((${WORKGROUP_INDEX}) * ${SCATTERED}u + index);
  if (i >= p.elements) { return; }
  let at = At(i, p.elements - i, 0u, 0u);
${body}
}`;
}

function scatteredCode({ p, operation, weights, buffers, variable }: ScatteredKernel): string {
  return lines(
    enableF16(p),
    PARAMETERS,
    declarations(buffers),
    SCATTER,
    elementwise(operation, p, 'ragged'),
    source(operation, p, 'ragged'),
    statistics({ product: true }),
    weighting(weights, 'four', 'ragged'),
    sink(operation, p, 'ragged', variable),
    scatteredMain(`
  let u = source(at);
  sink(at, u, product(u, statistic_of_rows(rows(i))));`),
  );
}
