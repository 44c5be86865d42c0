import type { Capabilities, Shader } from '../../plan.ts';
import {
  getting,
  type Layout,
  layoutKey,
  powerOfTwoFrom,
  RESIDENT_GRADIENT_COLUMN,
  SECTION,
} from '../planning/layout.ts';
import { BUILTINS, WORKGROUP_INDEX } from '../planning/slabs.ts';
import { columnTeam, enables, narrowSubgroups, rowTeam, type Team, teamKey, workgroupSize } from '../planning/team.ts';
import type { Problem } from '../problem.ts';
import { type Declared, LANES, load, loadWeights, store, withOffset } from '../wgsl/access.ts';
import { compensated } from '../wgsl/compensated.ts';
import { narrow, widen } from '../wgsl/float16.ts';
import { declared, eachStep, everyStep, type Held, summed } from '../wgsl/resident-steps.ts';
import { loadBesides, loadWords, storeWords, twinWords } from '../wgsl/row-pairs.ts';
import { opening } from '../wgsl/row-shader.ts';
import { combining, combiningDots } from '../wgsl/sections.ts';
import { statistics } from '../wgsl/statistic.ts';
import { gradientStatistic, rescaling, sumOfSquares } from '../wgsl/sums.ts';
import { type Lanes, lines } from '../wgsl/template.ts';

/** Rows of x and dy held by a team that goes from row to row, and sums up the gradients of the weights on its way. */
export interface GradientTeam {
  readonly team: Team;
  /** Whether all teams of a workgroup are in one subgroup. */
  readonly together: boolean;
  readonly held: Held;
}

/** Rows that are longer are held by the section; null where a column is too long, or rows share words. */
export function gradientTeamOf(p: Problem, layout: Layout, capabilities: Capabilities): GradientTeam | null {
  if (layout.kind === 'columns') {
    if (p.size > RESIDENT_GRADIENT_COLUMN) return null;
    return heldBy(columnTeam(p.size, capabilities), p.size, capabilities);
  }
  if (layout.kind === 'pairs') return null;
  // Of twins an invocation has two elements of two rows.
  const quads =
    layout.kind === 'twins' ? Math.ceil(p.size / 2) : Math.ceil((layout.kind === 'sections' ? SECTION : p.size) / 4);
  return heldBy(
    gradientRowTeam(quads, capabilities),
    quads,
    capabilities,
    layout.kind === 'sections' && p.size % SECTION > 0,
  );
}

function gradientRowTeam(quads: number, capabilities: Capabilities): Team {
  if (narrowSubgroups(capabilities)) {
    if (quads <= 16) return { kind: 'lane', width: 1, teams: 4 };
    const width = Math.max(4, powerOfTwoFrom(quads / 64));
    return width === 4 ? { kind: 'subgroup', width, teams: 1 } : rowTeam(width, capabilities);
  }
  return rowTeam(Math.min(256, powerOfTwoFrom(quads / 2)), capabilities);
}

function heldBy(team: Team, units: number, capabilities: Capabilities, shorter = false): GradientTeam {
  const { width } = team;
  const steps = powerOfTwoFrom(units / width);
  const registers = steps <= (narrowSubgroups(capabilities) ? 4 : 16);
  const full = units === width * steps;
  const certain = shorter ? 0 : full ? steps : Math.floor(steps / 2);
  const together = capabilities.subgroups !== null && workgroupSize(team) <= capabilities.subgroups.least;
  return { team, together, held: { width, steps, certain, registers } };
}

export interface GradientKernel extends GradientTeam {
  readonly p: Problem;
  readonly layout: Layout;
  readonly gamma: boolean;
  /** Whether rstd is given. */
  readonly given: boolean;
  readonly dsum: boolean;
  readonly dgamma: boolean;
  readonly dbeta: boolean;
  readonly buffers: readonly Declared[];
  /** Where dx lies. */
  readonly target: string;
}

export function gradientShader(kernel: GradientKernel): Shader {
  const { p, layout, team, together, held, gamma, given, buffers, target } = kernel;
  const steps = `${held.steps}/${held.certain}${held.registers ? '' : 'array'}${together ? 'together' : ''}`;
  const names = buffers.map(({ name, write }) => (write ? `${name}!` : name)).join(' ');
  const sums = `${kernel.dgamma},${kernel.dbeta}${twinsApart(kernel) ? ',apart' : ''}`;
  return {
    key: `gradient:${p.dtype},${layoutKey(layout)},${teamKey(team)},${steps},${gamma},${given},${p.epsMode},${sums}:${names}>${target}`,
    code: () => gradientCode(kernel),
  };
}

function gradientCode(kernel: GradientKernel): string {
  const { p, layout, team, together, held, gamma, given, dsum, dgamma, dbeta, buffers, target } = kernel;
  const { access, along } = layout;
  const lanes = LANES[access];
  const columns = layout.kind === 'columns';
  const twins = layout.kind === 'twins';
  const clamp = p.epsMode === 'clamp';
  const sections = layout.kind === 'sections';
  const squares = clamp || !given;
  const sums = dgamma || dbeta;
  const terms = termsOf(kernel);
  const here = { quad: null, ragged: 'FIRST_FOUR < vec4u(at.n)', twins: 'twins_here(at)' };
  const present = columns ? null : here[access as keyof typeof here];
  return lines(
    enables(p, team, together && team.teams > 1),
    opening(layout, team, buffers),
    widen(p),
    narrow(p, lanes),
    load('x', 'x', p.dtype, access),
    load('dy', 'dy', p.dtype, access),
    dsum && (twins ? loadWords('dsum') : load('dsum', 'dsum', p.dtype, access)),
    twins ? storeWords('dx', target) : store('dx', target, p.dtype, access),
    gamma && loadWeights('gamma', along, access),
    'fn source_for_sum(at: At) -> V { return load_x(at); }',
    statistics({ product: true, given }),
    squares && !sections && lines(sumOfSquares(team.width), rescaling(team.width, false, true)),
    squares && sections && combining(team.width, false),
    sections && combiningDots(team.width),
    given && getting('rstd', layout),
    compensated(sums ? terms : null),
    sums &&
      lines(
        TERM_OF[terms](lanes),
        acrossTeams(team, together),
        twins ? putOfTwins(kernel) : PUT[columns ? 'column' : access === 'quad' ? 'quad' : 'ragged'],
      ),
    `
fn weighted(at: At, dy: V) -> V {
  let g = dy${gamma ? ` * ${withOffset('load_gamma(at)')}` : ''};
  return ${present ? `select(V(), g, ${present})` : 'g'};
}

// special: whether any power is not 0.
fn times(v: V, s: Statistic, special: bool) -> V {
  if (special) { return scaled_product(v, s); }
  return v * s.r;
}

// g - n * mean, where x is in the statistic; at a zero denominator nothing goes through the mean, and n may be infinite.
fn projected(row: Row, j: u32, g: V, n: V, mean: S, s: Statistic) -> V {
  let v = fma(-n, V(mean), g);
  return select(${layout.partial ? 'select(v, g, counted(row, j, V(1.0)) == V())' : 'v'}, g, s.power == SI(ZERO_ROW));
}
`,
    twins && lines(loadBesides('x'), loadBesides('dy'), twinWords(gamma), gradientInWords(layout, gamma)),
    `
@compute @workgroup_size(${workgroupSize(team)})
fn main(${BUILTINS}) {
  local = index;
  let group = ${WORKGROUP_INDEX};
  // All units of a workgroup are of one group of features${twins ? ', or of the same two' : ''}; it has a chunk of them.
  let groups = ${twins ? 'select(p.groups, p.groups / 2u, p.groups % 2u == 0u)' : 'p.groups'};
  let own_group = group % groups;
  let section = ${sections ? '(group / groups) % p.sections' : '0u'};
  let chunk = group / (groups${sections ? ' * p.sections' : ''});
  if (chunk >= p.chunks) { return; }
  let across = p.inner / ${columns ? lanes : 1}u;
  let slabs = ${twins ? 'units()' : 'p.rows / p.inner'};
  let count = select(0u, (slabs - own_group + groups - 1u) / groups, own_group < slabs) * across;
  let first = chunk * p.chunk * ${team.teams}u + team(0u);`,
    declared(held, 'x', 'V'),
    declared(held, 'y', 'V'),
    twins && lines(declared(held, 'more_x', 'f32'), declared(held, 'more_y', 'f32')),
    dgamma && declared(held, 'sum_gamma', 'Terms'),
    dbeta && declared(held, 'sum_beta', 'Terms'),
    `
  for (var i = 0u; i < p.chunk; i++) {
  let at_unit = first + i * ${team.teams}u;
  let ours = at_unit < count;
  let unit = ${sections ? '(own_group + groups * at_unit) * p.sections + section' : '(own_group + groups * (at_unit / across)) * across + at_unit % across'};
  let row = row_of(min(unit, units() - 1u));`,
    eachStep(held, ({ of }) =>
      lines(
        `let at = place(row, j); ${of('x')} = load_x(at); ${of('y')} = load_dy(at);`,
        twins && `${of('more_x')} = besides_x(at); ${of('more_y')} = besides_dy(at);`,
      ),
    ),
    // Neighbours read some of each other's words: before any is written in place.
    twins && target !== 'dx' && '  storageBarrier();',
    given
      ? '  var s = given_statistic(get_rstd(row));\n  var special = any(s.power != SI());'
      : '  var s = Statistic(S(), SI());\n  var special = false;',
    '  var clamped = SB();',
    squares &&
      sections &&
      `
  let all = combined(row);
  ${given ? '' : 's = all.statistic; special = s.power != 0;'}
  clamped = all.clamped & (p.clamp != 0u);`,
    squares &&
      !sections &&
      lines(
        summed(
          held,
          'squares',
          ({ of }, block) => `let c = counted(row, j, ${of('x')}); ${block} = fma(c, c, ${block});`,
        ),
        gradientStatistic('sum_of(squares)', given, ' special = true;'),
      ),
    eachStep(held, ({ of }) =>
      lines(
        `${of('x')} = times(${of('x')}, s, special);`,
        twins && `${of('more_x')} = times(V(${of('more_x')}), statistic_besides(s), special).x;`,
      ),
    ),
    !sections &&
      summed(
        held,
        'dot',
        ({ of }, block) => `${block} = fma(weighted(place(row, j), ${of('y')}), ${of('x')}, ${block});`,
      ),
    `
  var mean = ${sections ? 'combined_mean(row, s)' : 'team_sum(sum_of(dot)) * p.reciprocal_count'};
  mean = select(mean, S(), clamped | (s.power == SI(ZERO_ROW)));
  if (ours) {`,
    eachStep(held, ({ of }) =>
      lines(
        'let at = place(row, j);',
        twins
          ? `let dx = gradient_in_words(at, j, in_words(at, ${of('x')}, ${of('more_x')}), in_words(at, ${of('y')}, ${of('more_y')}), mean, s, special);`
          : `let dx = times(projected(row, j, weighted(at, ${of('y')}), ${of('x')}, mean, s), s, special);`,
        dsum
          ? `store_dx(at, fma(dx, V(p.alpha), ${twins ? 'dsum_in_words' : 'load_dsum'}(at)));`
          : 'store_dx(at, dx * p.alpha);',
        dgamma && `${of('sum_gamma')} = add_term(${of('sum_gamma')}, term_of(${of('y')} * (${of('x')} * p.alpha)));`,
        dbeta && `${of('sum_beta')} = add_term(${of('sum_beta')}, term_of(${of('y')}));`,
      ),
    ),
    '  }',
    '  }',
    sums &&
      lines(
        `
  let features = p.groups * p.size;
  let row = row_of(${sections ? 'own_group * p.sections + section' : 'own_group * across'});
  let place_of_chunk = (p.first_chunk + chunk) * features * ${Number(dgamma) + Number(dbeta)}u${twinsApart(kernel) ? ' * (1u + p.groups % 2u)' : ''} + row.feature;`,
        everyStep(held, ({ of }) =>
          lines(dgamma && put(of('sum_gamma'), 0), dbeta && put(of('sum_beta'), dgamma ? 1 : 0)),
        ),
      ),
    '}',
  );
}

/** Whether twins have features of two groups, each with sums of its own. */
function twinsApart({ layout, p }: GradientKernel): boolean {
  return layout.kind === 'twins' && p.groups > 1;
}

/** A step's features: one of columns, two of twins, which of each have a term of both rows, else one for each element. */
function termsOf(kernel: GradientKernel): 'V' | 'vec2f' | 'f32' {
  if (kernel.layout.kind === 'columns') return 'f32';
  return kernel.layout.kind === 'twins' && !twinsApart(kernel) ? 'vec2f' : 'V';
}

/** What of an invocation's elements becomes a term of its features. */
const TERM_OF = {
  V: () => 'fn term_of(v: V) -> V { return v; }',
  vec2f: () => 'fn term_of(v: V) -> vec2f { return v.xz + v.yw; }',
  f32: (lanes: Lanes) => {
    const sum = { 1: 'v', 2: 'v.x + v.y', 4: '(v.x + v.y) + (v.z + v.w)' }[lanes];
    return `fn term_of(v: V) -> f32 { return ${sum}; }`;
  },
};

/** dx before alpha, in the order of the invocation's words. */
function gradientInWords({ partial }: Layout, gamma: boolean): string {
  return `
fn gradient_in_words(at: At, j: u32, n: V, dy: V, mean: S, s: Statistic, special: bool) -> V {
  let own = statistic_in_words(at, s);
  let g = dy${gamma ? ` * ${withOffset('gamma_in_words(at, j)')}` : ''};
  let v = fma(-n, rows_in_words(at, mean), g);
  return times(select(${partial ? 'select(v, g, features_in_words(at, j) >= vec4u(p.stat_size))' : 'v'}, g, own.power == SI(ZERO_ROW)), own, special);
}`;
}

/** `across_teams(own)`: for the first team the sum over all teams of the workgroup, as a tree. */
function acrossTeams(team: Team, together: boolean): string {
  const { width, teams } = team;
  if (teams === 1) return 'fn across_teams(own: Terms) -> Terms { return own; }';
  if (together) {
    const steps: string[] = [];
    for (let apart = width; apart < width * teams; apart *= 2) {
      const other = `Terms(subgroupShuffleXor(all.high, ${apart}u), subgroupShuffleXor(all.low, ${apart}u))`;
      steps.push(`all = add_total_term(all, ${other});`);
    }
    return `fn across_teams(own: Terms) -> Terms { var all = own; ${steps.join(' ')} return all; }`;
  }
  return `
var<workgroup> of_teams: array<Terms, ${workgroupSize(team)}>;

fn across_teams(own: Terms) -> Terms {
  let at = team(0u) * ${width}u + lane();
  workgroupBarrier();
  of_teams[at] = own;
  for (var half = ${teams / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (team(0u) < half) { of_teams[at] = add_total_term(of_teams[at], of_teams[at + half * ${width}u]); }
  }
  return of_teams[at];
}`;
}

/** `put_sum(place, row, j, v)`: of the features of a step j. */
const PUT: Readonly<Record<'column' | 'quad' | 'ragged', string>> = {
  column: 'fn put_sum(place: u32, row: Row, j: u32, v: f32) { weight_sums[place + j] = v; }',
  quad: 'fn put_sum(place: u32, row: Row, j: u32, v: V) { weight_sums[(place >> 2u) + j] = v; }',
  ragged: `fn put_sum(place: u32, row: Row, j: u32, v: V) {
  for (var c = 0u; c < min(4u, p.size - 4u * j); c++) { weight_sums[place + 4u * j + c] = v[c]; }
}`,
};

/** Of two groups: where these are odd in number, each is the first of two rows, and the second: there are two sums. */
function putOfTwins(kernel: GradientKernel): string {
  if (!twinsApart(kernel)) {
    return `fn put_sum(place: u32, row: Row, j: u32, v: vec2f) {
  weight_sums[place + 2u * j] = v.x;
  if (2u * j + 1u < p.size) { weight_sums[place + 2u * j + 1u] = v.y; }
}`;
  }
  const sums = Number(kernel.dgamma) + Number(kernel.dbeta);
  return `fn put_sum(place: u32, row: Row, j: u32, v: V) {
  let second = place + first_feature(row.index + 1u) - row.feature + (p.groups % 2u) * p.groups * p.size * ${sums}u;
  weight_sums[place + 2u * j] = v.x;
  weight_sums[second + 2u * j] = v.y;
  if (2u * j + 1u < p.size) {
    weight_sums[place + 2u * j + 1u] = v.z;
    weight_sums[second + 2u * j + 1u] = v.w;
  }
}`;
}

function put(sum: string, index: number): string {
  return `{ let v = across_teams(${sum}); if (team(0u) == 0u && j < steps(row)) { put_sum(place_of_chunk${index ? ' + features' : ''}, row, row.first + j, value_of_total_term(v)); } }`;
}
