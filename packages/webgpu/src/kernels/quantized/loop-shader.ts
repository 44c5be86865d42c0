import type { Capabilities, Shader } from '../../plan.ts';
import { type Layout, layoutKey, loopTeam, powerOfTwoFrom, putting } from '../planning/layout.ts';
import { BUILTINS, WORKGROUP_INDEX } from '../planning/slabs.ts';
import { narrowSubgroups, type Team, teamKey, workgroupSize } from '../planning/team.ts';
import type { Problem } from '../problem.ts';
import { type Declared, LANES } from '../wgsl/access.ts';
import { type Weights, weightsKey } from '../wgsl/fusion.ts';
import { lines } from '../wgsl/template.ts';
import { quantizedRows, scaleOf } from './resident-shader.ts';

/**
 * Rows that are read in loops, for the statistic, for the largest |y| over all groups of a place (outer, inner), and for
 * q. Where a row lies in one piece a workgroup has a place, and its teams a group each at a time; else a team has as many
 * places as an invocation has columns, and goes from group to group.
 */
export interface QuantizedLoopKernel {
  readonly p: Problem;
  readonly layout: Layout;
  readonly team: Team;
  readonly weights: Weights;
  /** Whether the scale is given: then the largest |y| is not looked for. */
  readonly given: boolean;
  /** Whether a team has one group, so that it keeps the statistic to itself. */
  readonly single: boolean;
  readonly buffers: readonly Declared[];
}

/** The teams of a workgroup: no more of them than groups where these share it; on a processor, to which barriers cost most, those of a subgroup. */
export function quantizedTeam(p: Problem, layout: Layout, capabilities: Capabilities): Team {
  const team = loopTeam(layout, p, capabilities);
  if (layout.kind === 'columns' || team.kind === 'workgroup') return team;
  const most = narrowSubgroups(capabilities) ? Math.max(1, capabilities.subgroups!.least / team.width) : team.teams;
  const teams = Math.min(most, powerOfTwoFrom(p.groups));
  return { ...team, teams };
}

/** How many groups are gone through at a time. */
export function groupsAtOnce({ kind }: Layout, { teams }: Team): number {
  return kind === 'columns' ? 1 : teams;
}

export function quantizedLoopShader(kernel: QuantizedLoopKernel): Shader {
  const { p, layout, team, weights, given, single, buffers } = kernel;
  const names = buffers.map(({ name, write }) => (write ? `${name}!` : name)).join(' ');
  return {
    key: `quantized-loop:${p.dtype},${layoutKey(layout)},${teamKey(team)},${weightsKey(weights)},${given},${single}:${names}`,
    code: () => code(kernel),
  };
}

function code({ p, layout, team, weights, given, single, buffers }: QuantizedLoopKernel): string {
  const { access } = layout;
  const { width } = team;
  const columns = layout.kind === 'columns';
  const across = columns ? `(p.inner / ${LANES[access]}u)` : '1u';
  const ragged = access === 'ragged' || access === 'loose';
  const atOnce = groupsAtOnce(layout, team);
  const kept = !given && !single;
  const group = columns ? 'start' : 'start + team(0u)';
  const eachGroup = (...body: (string | false)[]): string =>
    lines(
      `  for (var start = 0u; start < p.groups; start += ${atOnce}u) {
    let group = ${group};
    let ours = group < p.groups${columns ? ' && unit < places' : ''};
    let row = row_of(first + min(group, p.groups - 1u) * ${across});`,
      ...body,
      '  }',
    );
  const put = (scale: string): string => `
    if (ours) {
      for (var j = lane(); j < steps(row); j += ${width}u) {
        let at = place(row, j);
        put_bytes(at, quantized(weighted(at, product(source(at), s)), V(${scale})));
      }
    }`;
  return lines(
    quantizedRows({ p, layout, team, weights, buffers }),
    kept && lines(putting('r', layout), putting('powers', layout, 'SI'), keptStatistic(layout)),
    !given && !columns && 'var<workgroup> largest_of_all: atomic<u32>;',
    `
@compute @workgroup_size(${workgroupSize(team)})
fn main(${BUILTINS}) {
  local = index;
  let places = units() / p.groups;
  let unit = ${columns ? `team(${WORKGROUP_INDEX})` : WORKGROUP_INDEX};
  ${columns ? '' : 'if (unit >= places) { return; }'}
  let own = min(unit, places - 1u);
  let first = (own / ${across}) * p.groups * ${across} + own % ${across};
  var top = SU();
  var s = Statistic();`,
    given && '  let scale = S(p.quant_scale);',
    eachGroup(
      `
    let sum = team_sum(sum_of_squares(row, S(1.0)));
    s = Statistic(plain_r(sum), SI());
    if (team_any(!is_plain(sum))) { s = rescaled(row, sum).statistic; }`,
      given
        ? put('scale')
        : `
    if (ours) {
      ${kept ? 'if (lane() == 0u) { put_r(row, s.r); put_powers(row, s.power); }' : ''}
      for (var j = lane(); j < steps(row); j += ${width}u) {
        let at = place(row, j);
        let y = weighted(at, product(source(at), s));
        top = max(top, max_of(bitcast<U>(${ragged ? 'select(V(), y, FIRST_FOUR < vec4u(at.n))' : 'y'}) & U(MAGNITUDE)));
      }
    }`,
    ),
    !given &&
      lines(
        // What lane 0 put is read by its whole team.
        kept && '  storageBarrier();',
        columns
          ? '  top = team_max(top);'
          : '  atomicMax(&largest_of_all, top);\n  workgroupBarrier();\n  top = atomicLoad(&largest_of_all);',
        `  let scale = ${scaleOf('top')};`,
        eachGroup(kept && '    if (ours) { s = kept_statistic(row); }', put('scale')),
      ),
    `
  if (unit < places && ${columns ? 'lane()' : 'local'} == 0u) {
    var of_place = row_of(first);
    of_place.index = (own / ${across}) * p.inner + (own % ${across}) * ${columns ? LANES[access] : 1}u;
    put_scales(of_place, scale);
  }
}`,
  );
}

/** `kept_statistic(row)`. */
function keptStatistic({ statistics: rows }: Layout): string {
  const all = (name: string): string => Array.from({ length: rows }, (_, i) => `${name}[row.index + ${i}u]`).join(', ');
  return `fn kept_statistic(row: Row) -> Statistic { return Statistic(S(${all('r')}), SI(${all('powers')})); }`;
}
