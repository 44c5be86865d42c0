import type { Shader } from '../../plan.ts';
import { type Layout, layoutKey } from '../planning/layout.ts';
import { BUILTINS, WORKGROUP_INDEX } from '../planning/slabs.ts';
import { enables, type Team, teamKey, workgroupSize } from '../planning/team.ts';
import type { Problem } from '../problem.ts';
import type { Declared } from '../wgsl/access.ts';
import { elementwise, FORWARD, source, type Weights, weighting, weightsKey } from '../wgsl/fusion.ts';
import { opening } from '../wgsl/row-shader.ts';
import { combining } from '../wgsl/sections.ts';
import { statistics } from '../wgsl/statistic.ts';
import { lines } from '../wgsl/template.ts';
import { quantizing, scaleOf } from './resident-shader.ts';

/**
 * Rows that are split over workgroups, whose sections have their sums already: a workgroup has a section, and finds its
 * largest |y| (`top`), or, once all of these are there, writes its q (`put`).
 */
export interface QuantizedSectionsKernel {
  readonly p: Problem;
  /** By sections. */
  readonly layout: Layout;
  readonly team: Team;
  readonly weights: Weights;
  readonly step: 'top' | 'put';
  /** Whether the scale is given: then there is no `top`. */
  readonly given: boolean;
  readonly buffers: readonly Declared[];
}

export function quantizedSectionsShader(kernel: QuantizedSectionsKernel): Shader {
  const { p, layout, team, weights, step, given, buffers } = kernel;
  const names = buffers.map(({ name, write }) => (write ? `${name}!` : name)).join(' ');
  return {
    key: `quantized-sections:${step},${p.dtype},${layoutKey(layout)},${teamKey(team)},${weightsKey(weights)},${given}:${names}`,
    code: () => code(kernel),
  };
}

function code({ p, layout, team, weights, step, given, buffers }: QuantizedSectionsKernel): string {
  const { access, along } = layout;
  const { width } = team;
  return lines(
    enables(p, team),
    opening(layout, team, buffers),
    elementwise(FORWARD, p, access),
    source(FORWARD, p, access),
    statistics({ product: true }),
    combining(width, false),
    weighting(weights, along, access),
    step === 'put' && quantizing(layout),
    `
@compute @workgroup_size(${workgroupSize(team)})
fn main(${BUILTINS}) {
  local = index;
  let unit = ${WORKGROUP_INDEX};
  if (unit >= units()) { return; }
  let row = row_of(unit);
  let s = combined(row).statistic;`,
    step === 'top' ? top(width) : put(width, given),
    '}',
  );
}

function top(width: number): string {
  return `
  var top = 0u;
  for (var j = lane(); j < steps(row); j += ${width}u) {
    let at = place(row, j);
    let y = weighted(at, product(source(at), s));
    top = max(top, max_of(bitcast<U>(select(V(), y, FIRST_FOUR < vec4u(at.n))) & U(MAGNITUDE)));
  }
  top = team_max(top);
  if (lane() == 0u) { tops[unit] = top; }`;
}

function put(width: number, given: boolean): string {
  return lines(
    '  let first_row = (row.index / p.groups) * p.groups;',
    given
      ? '  let scale = p.quant_scale;'
      : `
  // Of all groups of the place.
  let first_top = first_row * p.sections;
  var top = 0u;
  for (var i = lane(); i < p.groups * p.sections; i += ${width}u) { top = max(top, tops[first_top + i]); }
  top = team_max(top);
  let scale = ${scaleOf('top')};`,
    `
  for (var j = lane(); j < steps(row); j += ${width}u) {
    let at = place(row, j);
    put_bytes(at, quantized(weighted(at, product(source(at), s)), V(scale)));
  }
  if (lane() == 0u && row.section == 0u && row.index == first_row) {
    var of_place = row;
    of_place.index = row.index / p.groups;
    put_scales(of_place, scale);
  }`,
  );
}
