import type { Shader } from '../../plan.ts';
import { getting, type Layout, layoutKey, putting } from '../planning/layout.ts';
import { BUILTINS, WORKGROUP_INDEX } from '../planning/slabs.ts';
import { enables, type Team, teamKey, workgroupSize } from '../planning/team.ts';
import type { Problem } from '../problem.ts';
import type { Declared } from '../wgsl/access.ts';
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
import { opening } from '../wgsl/row-shader.ts';
import { combining, combiningSums, PUT_SECTION, SQUARES_OF_SECTION } from '../wgsl/sections.ts';
import { statistics } from '../wgsl/statistic.ts';
import { GIVEN_SUMS, PLAIN_RSTD, rescaling, sumOfSquares } from '../wgsl/sums.ts';
import { lines } from '../wgsl/template.ts';

/**
 * What is done between the two loops over a row, and which of them there is:
 *
 * - `whole`: both
 * - `sums`, `statistics`, `section`: the first; the sum of squares, r, or what `combined` needs are written
 * - `given`, `combined`: the second, by the sums that are given, or by those of the row's sections
 * - `given-statistics`, `combined-statistics`: neither; r is written
 * - `combined-sums`: neither; the sum of squares of all sections is written
 */
export type Mode =
  | 'whole'
  | 'sums'
  | 'statistics'
  | 'section'
  | 'given'
  | 'combined'
  | 'given-statistics'
  | 'combined-statistics'
  | 'combined-sums';

/** A kernel that goes over its rows in loops: once for the statistic, once for the result. */
export interface LoopKernel {
  readonly p: Problem;
  readonly layout: Layout;
  readonly team: Team;
  readonly operation: Operation;
  readonly weights: Weights;
  readonly rstd: boolean;
  readonly mode: Mode;
  readonly buffers: readonly Declared[];
  readonly variable: VariableOf;
}

export function loopShader(kernel: LoopKernel): Shader {
  const { p, layout, team, operation, weights, rstd, mode } = kernel;
  const bound = boundKey(kernel);
  return {
    key: `loop:${mode},${operation.name},${p.dtype},${layoutKey(layout)},${teamKey(team)},${weightsKey(weights)},${rstd ? 'rstd' : ''}:${bound}`,
    code: () => loopCode(kernel),
  };
}

function loopCode({ p, layout, team, operation, weights, rstd, mode, buffers, variable }: LoopKernel): string {
  const { access, gather } = layout;
  const sums = mode === 'whole' || mode === 'sums' || mode === 'statistics' || mode === 'section';
  const reads = sums || mode === 'given' || mode === 'combined';
  const writes = mode === 'whole' || mode === 'given' || mode === 'combined';
  return lines(
    enables(p, team),
    opening(layout, team, buffers),
    reads && elementwise(operation, p, access),
    reads && source(operation, p, access),
    sums &&
      (gather === access
        ? 'fn source_for_sum(at: At) -> V { return source(at); }'
        : source(operation, p, gather, '_for_sum')),
    statistics({ product: writes }),
    sums && sumOfSquares(team.width),
    sums && mode !== 'sums' && rescaling(team.width, rstd),
    rstd && lines(PLAIN_RSTD, putting('rstd', layout)),
    mode.startsWith('given') && lines(GIVEN_SUMS, getting('sums', layout)),
    (mode === 'combined' || mode === 'combined-statistics') && combining(team.width, rstd),
    mode === 'combined-sums' && combiningSums(team.width),
    (mode === 'sums' || mode === 'combined-sums') && putting('sums', layout),
    mode.endsWith('statistics') && lines(putting('r', layout), putting('powers', layout, 'SI')),
    writes && lines(weighting(weights, layout.along, access), sink(operation, p, access, variable), WRITE(team.width)),
    MAIN(team, BODIES[mode](rstd)),
  );
}

const WRITE = (width: number): string => `
fn write(row: Row, s: Statistic) {
  for (var j = lane(); j < steps(row); j += ${width}u) {
    let at = place(row, j);
    let u = source(at);
    sink(at, u, product(u, statistic_at(row, j, s)));
  }
}

fn write_plain(row: Row, s: Statistic) {
  for (var j = lane(); j < steps(row); j += ${width}u) {
    let at = place(row, j);
    let u = source(at);
    sink(at, u, u * statistic_at(row, j, s).r);
  }
}`;

/** Rows beyond the last are the last one's over again, up to where something is written. */
const MAIN = (team: Team, body: string): string => `
@compute @workgroup_size(${workgroupSize(team)})
fn main(${BUILTINS}) {
  local = index;
  let unit = team(${WORKGROUP_INDEX});
  ${team.kind === 'workgroup' ? 'if (unit >= units()) { return; }' : ''}
  let row = row_of(min(unit, units() - 1u));
  let ours = unit < units();
${body}
}`;

const PUT_STATISTIC = 'if (ours && lane() == 0u) { put_r(row, s.r); put_powers(row, s.power); }';
const PUT_ROOT = 'if (ours && lane() == 0u) { put_rstd(row, root); }';

const BODIES: Readonly<Record<LoopKernel['mode'], (rstd: boolean) => string>> = {
  whole: (rstd) => `
  let sum = team_sum(sum_of_squares(row, S(1.0)));
  if (team_any(!is_plain(sum))) {
    let result = rescaled(row, sum);
    if (!ours) { return; }
    write(row, result.statistic);
    ${rstd ? 'if (lane() == 0u) { put_rstd(row, result.rstd); }' : ''}
  } else {
    if (!ours) { return; }
    write_plain(row, Statistic(plain_r(sum), SI(0)));
    ${rstd ? 'if (lane() == 0u) { put_rstd(row, plain_rstd(sum)); }' : ''}
  }`,
  given: () => `
  if (ours) { write(row, statistic_of(get_sums(row))); }`,
  sums: () => `
  let sum = team_sum(sum_of_squares(row, S(1.0)));
  if (ours && lane() == 0u) { put_sums(row, sum); }`,
  section: () => lines(SQUARES_OF_SECTION, PUT_SECTION),
  'combined-sums': () => 'if (ours) { put_sums(row, combined_value(row)); }',
  combined: (rstd) => `
  let result = combined(row);
  write(row, result.statistic);
  ${rstd ? 'if (lane() == 0u && row.section == 0u) { put_rstd(row, result.rstd); }' : ''}`,
  'given-statistics': () => `
  let s = statistic_of(get_sums(row));
  ${PUT_STATISTIC}`,
  'combined-statistics': (rstd) => `
  let result = combined(row);
  let s = result.statistic;
  ${rstd ? 'let root = result.rstd;' : ''}
  ${PUT_STATISTIC}
  ${rstd ? PUT_ROOT : ''}`,
  statistics: (rstd) => `
  let sum = team_sum(sum_of_squares(row, S(1.0)));
  var s = Statistic(plain_r(sum), SI(0));
  ${rstd ? 'var root = plain_rstd(sum);' : ''}
  if (team_any(!is_plain(sum))) {
    let result = rescaled(row, sum);
    s = result.statistic;
    ${rstd ? 'root = result.rstd;' : ''}
  }
  ${PUT_STATISTIC}
  ${rstd ? PUT_ROOT : ''}`,
};
