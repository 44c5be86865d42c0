import type { Capabilities, Operands, Shader } from '../../plan.ts';
import { wideTeam } from '../forward/plan.ts';
import { getting, type Layout, layoutKey } from '../planning/layout.ts';
import { BUILTINS, WORKGROUP_INDEX } from '../planning/slabs.ts';
import { enables, rowTeam, type Team, teamKey, workgroupSize } from '../planning/team.ts';
import type { Problem } from '../problem.ts';
import { bound, type Declared, elementType, load, loadWeights } from '../wgsl/access.ts';
import { compensated } from '../wgsl/compensated.ts';
import { widen } from '../wgsl/float16.ts';
import { opening } from '../wgsl/row-shader.ts';
import { combining, combiningDots, dotOfSection, PUT_SECTION, SECTIONS, SQUARES_OF_SECTION } from '../wgsl/sections.ts';
import { statistics } from '../wgsl/statistic.ts';
import { rescaling, sumOfSquares } from '../wgsl/sums.ts';
import { lines } from '../wgsl/template.ts';
import { putStatistics, ROW_STATISTICS } from './row-statistics.ts';
import { weightedGradient } from './weighted-gradient.ts';

/** Of every section of a row the sum of squares, if it is wanted, and that of g x. */
export interface SectionsKernel {
  readonly p: Problem;
  readonly layout: Layout;
  readonly team: Team;
  readonly gamma: boolean;
  readonly squares: boolean;
  readonly buffers: readonly Declared[];
}

export function sectionsKernelOf(
  p: Problem,
  layout: Layout,
  operands: Operands,
  capabilities: Capabilities,
): SectionsKernel {
  const gamma = operands.present.has('gamma');
  const type = elementType(p.dtype, layout.access);
  const buffers = bound(
    [
      ...['x', 'dy'].map((name) => ({ name, type, write: false })),
      ...(gamma
        ? [{ name: 'gamma', type: layout.access === 'quad' ? 'array<vec4f>' : 'array<f32>', write: false }]
        : []),
      { ...SECTIONS, write: true },
    ],
    // Nothing is written over here.
    { ...operands, inPlace: {} },
  );
  const squares = p.epsMode === 'clamp' || !operands.present.has('rstd');
  return { p, layout, team: wideTeam(capabilities), gamma, squares, buffers };
}

export function gradientSectionsShader(kernel: SectionsKernel): Shader {
  const { p, layout, team, gamma, squares, buffers } = kernel;
  const names = buffers.map(({ name, write }) => (write ? `${name}!` : name)).join(' ');
  return {
    key: `gradient-sections:${p.dtype},${layoutKey(layout)},${teamKey(team)},${gamma},${squares}:${names}`,
    code: () => code(kernel),
  };
}

function code({ p, layout, team, gamma, squares, buffers }: SectionsKernel): string {
  const { access, along } = layout;
  return lines(
    enables(p, team),
    opening(layout, team, buffers),
    widen(p),
    load('x', 'x', p.dtype, access),
    load('dy', 'dy', p.dtype, access),
    gamma && loadWeights('gamma', along, access),
    'fn source_for_sum(at: At) -> V { return load_x(at); }',
    statistics({ product: false }),
    squares && lines(sumOfSquares(team.width), rescaling(team.width, false)),
    compensated(),
    weightedGradient(gamma, true),
    dotOfSection(team.width),
    `
@compute @workgroup_size(${workgroupSize(team)})
fn main(${BUILTINS}) {
  local = index;
  let unit = ${WORKGROUP_INDEX};
  if (unit >= units()) { return; }
  let row = row_of(unit);`,
    squares ? SQUARES_OF_SECTION : '  var result = vec4u();',
    '  result = add_dot(row, result);',
    PUT_SECTION,
    '}',
  );
}

/** Of every row the statistic and the mean, from its sections: an invocation for each. */
export interface CombinedKernel {
  readonly layout: Layout;
  readonly team: Team;
  readonly squares: boolean;
  /** Whether rstd is given. */
  readonly given: boolean;
  readonly buffers: readonly Declared[];
}

export function combinedKernelOf(
  { squares }: SectionsKernel,
  layout: Layout,
  { present, writable }: Operands,
  capabilities: Capabilities,
): CombinedKernel {
  const given = present.has('rstd');
  const buffers = [
    SECTIONS,
    ...(given ? [{ name: 'rstd', type: 'array<f32>', write: writable.has('rstd') }] : []),
    ROW_STATISTICS,
  ];
  return { layout, team: rowTeam(1, capabilities), squares, given, buffers };
}

export function combinedShader(kernel: CombinedKernel): Shader {
  const { layout, team, squares, given, buffers } = kernel;
  const names = buffers.map(({ name, write }) => (write ? `${name}!` : name)).join(' ');
  return {
    key: `gradient-combined:${layoutKey(layout)},${teamKey(team)},${squares}:${names}`,
    code: () =>
      lines(
        opening(layout, team, buffers),
        statistics({ product: false, given }),
        squares && combining(team.width, false),
        combiningDots(team.width),
        given && getting('rstd', layout),
        putStatistics(layout),
        `
@compute @workgroup_size(${workgroupSize(team)})
fn main(${BUILTINS}) {
  local = index;
  let unit = team(${WORKGROUP_INDEX});
  if (unit >= units()) { return; }
  let row = row_of(unit);`,
        squares && '  let all = combined(row);',
        `  let s = ${given ? 'given_statistic(get_rstd(row))' : 'all.statistic'};`,
        `  let clamped = ${squares ? 'all.clamped & (p.clamp != 0u)' : 'false'};`,
        `  put_statistics(row, s, select(combined_mean(row, s), 0.0, clamped | (s.power == ZERO_ROW)));
}`,
      ),
  };
}
