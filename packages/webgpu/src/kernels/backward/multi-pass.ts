import type { Capabilities, Dispatch, Operands, Plan, Shader } from '../../plan.ts';
import { SCATTERED, SCATTERED_PLACES, scatteredMain } from '../forward/elementwise-shader.ts';
import { bytesPerSlab, readOnly, sectionsOf } from '../forward/plan.ts';
import {
  getting,
  type Layout,
  layoutKey,
  loopTeam,
  powerOfTwoFrom,
  readingLayoutOf,
  sectionsIn,
  unitsOf,
} from '../planning/layout.ts';
import { BUILTINS, gridOf, partsOf, rangeIn, WORKGROUP_INDEX } from '../planning/slabs.ts';
import { enables, narrowSubgroups, type Team, teamKey, workgroupSize } from '../planning/team.ts';
import type { Problem } from '../problem.ts';
import {
  AT,
  bindings,
  bound,
  type Declared,
  declarations,
  elementType,
  LANES,
  load,
  loadWeights,
  store,
  withOffset,
} from '../wgsl/access.ts';
import { compensated, workgroupTotals } from '../wgsl/compensated.ts';
import { enableF16, narrow, widen } from '../wgsl/float16.ts';
import { type Extra, PARAMETERS, type Part, parameters } from '../wgsl/parameters.ts';
import { opening } from '../wgsl/row-shader.ts';
import { HIGHEST_OF_SECTION, SECTION_BYTES } from '../wgsl/sections.ts';
import { statistics } from '../wgsl/statistic.ts';
import { gradientStatistic, rescaling, sumOfSquares } from '../wgsl/sums.ts';
import { aliases, lines } from '../wgsl/template.ts';
import { blockOf, blockShader, inBlocks } from './block-shader.ts';
import { putStatistics, ROW_STATISTICS, ROW_STATISTICS_BYTES } from './row-statistics.ts';
import { combinedKernelOf, combinedShader, gradientSectionsShader, sectionsKernelOf } from './section-shaders.ts';
import { gradientTeamOf } from './single-pass-shader.ts';
import { weightedGradient } from './weighted-gradient.ts';

// For rows that share words with each other, and columns too long to be held. The steps: s and the mean of every row;
// then, where blocks of features share no words, dx and the sums for dgamma and dbeta by the block. Else dgamma and dbeta
// in parts, before dx may overwrite x or dy; dx. Where there are several parts these are added up, in an order that
// depends on the shape alone.

/** What is the same for all dispatches of a call. */
interface Call {
  readonly p: Problem;
  readonly operands: Operands;
  readonly capabilities: Capabilities;
  readonly gamma: boolean;
  readonly given: boolean;
  /** Into which a row is split, each a workgroup's; 1 where it is not. */
  readonly sections: number;
  readonly perSlab: Readonly<Record<string, number>>;
  readonly parts: readonly Part[];
}

export function planScatteredGradient(p: Problem, operands: Operands, capabilities: Capabilities): Plan {
  const sections = sectionsIn(p);
  const perSlab: Readonly<Record<string, number>> = {
    ...bytesPerSlab(p, ['x', 'dy', 'dsum', 'dx'], ['rstd']),
    statistics: p.inner * ROW_STATISTICS_BYTES,
    ...(sections > 1 && { sections: sections * SECTION_BYTES }),
  };
  const parts = partsOf(p, capabilities, perSlab);
  const gamma = operands.present.has('gamma');
  const given = operands.present.has('rstd');
  const call: Call = { p, operands, capabilities, gamma, given, sections, perSlab, parts };
  const slabs = p.outer * p.groups;
  const scratch = ['statistics', 'sections']
    .filter((name) => name in perSlab)
    .map((name) => ({ name, bytes: slabs * perSlab[name]! }));

  const wanted = operands.present.has('dgamma') || operands.present.has('dbeta');
  if (!wanted) return { scratch, dispatches: parts.flatMap((part) => [...statisticsOf(call, part), dx(call, part)]) };
  if (inBlocks(p)) {
    const blocks = blocksOf(call);
    const dispatches = parts.flatMap((part, index) => [...statisticsOf(call, part), blocks.part(part, index)]);
    const chunks = parts.length * blocks.chunks;
    if (chunks === 1) return { scratch, dispatches };
    return { scratch: [...scratch, partialsOf(p, chunks)], dispatches: [...dispatches, totals(call, chunks)] };
  }
  const sums = weightSums(call);
  const chunks = parts.length * sums.chunks;
  const dispatches = parts.flatMap((part, index) => [
    ...statisticsOf(call, part),
    sums.part(part, index),
    dx(call, part),
  ]);
  return { scratch: [...scratch, partialsOf(p, chunks)], dispatches: [...dispatches, totals(call, chunks)] };
}

function dispatchOf(
  { p, capabilities, perSlab, parts }: Call,
  part: Part,
  kernel: { shader: Shader; buffers: readonly Declared[]; workgroups: number; extra?: Extra },
): Dispatch {
  return {
    shader: kernel.shader,
    bindings: bindings(kernel.buffers, rangeIn(perSlab, part, parts.length === 1)),
    uniforms: parameters({ ...p, alpha: 1 }, part, { alpha: p.alpha, ...kernel.extra }),
    workgroups: gridOf(kernel.workgroups, capabilities),
  };
}

/** rstd of every row, and mean(g n), 0 where r is a constant. */
function statisticsOf(call: Call, part: Part): Dispatch[] {
  return call.sections > 1 ? bySections(call, part) : [inLoops(call, part)];
}

/** The sums of each section, then those of all of a row. */
function bySections(call: Call, part: Part): Dispatch[] {
  const { p, operands, capabilities, sections } = call;
  const layout = readingLayoutOf(p);
  const first = sectionsKernelOf(p, sectionsOf(layout), operands, capabilities);
  const combined = combinedKernelOf(first, layout, operands, capabilities);
  return [
    dispatchOf(call, part, {
      shader: gradientSectionsShader(first),
      buffers: first.buffers,
      workgroups: part.slabs * sections,
      extra: { sections, highest: HIGHEST_OF_SECTION },
    }),
    dispatchOf(call, part, {
      shader: combinedShader(combined),
      buffers: combined.buffers,
      workgroups: Math.ceil(part.slabs / combined.team.teams),
      extra: { sections },
    }),
  ];
}

function inLoops(call: Call, part: Part): Dispatch {
  const { p, operands, capabilities, gamma, given } = call;
  const layout = readingLayoutOf(p);
  // Columns as where they are held, for the order of additions is the same: some of 16 bits share words and cannot be.
  const held = layout.kind === 'columns' ? gradientTeamOf(p, layout, capabilities) : null;
  const team = held?.team ?? loopTeam(layout, p, capabilities);
  const weights = layout.access === 'quad' && p.inner === 1 ? 'array<vec4f>' : 'array<f32>';
  const buffers = bound(
    [
      ...['x', 'dy'].map((name) => ({ name, type: elementType(p.dtype, layout.access), write: false })),
      ...(gamma ? [{ name: 'gamma', type: weights, write: false }] : []),
      ...(given ? [{ name: 'rstd', type: 'array<f32>', write: false }] : []),
      ROW_STATISTICS,
    ],
    // Nothing is written over here.
    { ...operands, inPlace: {} },
  );
  const clamp = p.epsMode === 'clamp';
  const code = (): string => statisticsCode({ p, layout, team, gamma, given, buffers, squares: clamp || !given });
  const key = `gradient-statistics:${p.dtype},${layoutKey(layout)},${teamKey(team)},${gamma},${given},${clamp}:${writable(buffers)}`;
  return dispatchOf(call, part, {
    shader: { key, code },
    buffers,
    workgroups: Math.ceil(unitsOf(layout, part.slabs * p.inner) / team.teams),
  });
}

interface StatisticsKernel {
  readonly p: Problem;
  readonly layout: Layout;
  readonly team: Team;
  readonly gamma: boolean;
  readonly given: boolean;
  /** Whether the sum of squares is needed, be it to see if eps clamps. */
  readonly squares: boolean;
  readonly buffers: readonly Declared[];
}

function statisticsCode({ p, layout, team, gamma, given, squares, buffers }: StatisticsKernel): string {
  const { access, along, gather } = layout;
  return lines(
    enables(p, team),
    opening(layout, team, buffers),
    widen(p),
    load('x', 'x', p.dtype, gather),
    load('dy', 'dy', p.dtype, gather),
    gamma && loadWeights('gamma', along, access),
    'fn source_for_sum(at: At) -> V { return load_x(at); }',
    statistics({ product: true, given }),
    squares && lines(sumOfSquares(team.width), rescaling(team.width, false, true)),
    given && getting('rstd', layout),
    putStatistics(layout),
    compensated(),
    weightedGradient(gamma, LANES[access] === 4 && along === 'neighbours'),
    `
fn dot(row: Row, s: Statistic) -> S {
  // The same order as where columns are held: some of 16 bits cannot be.
  var total = Total();
  for (var start = lane(); start < steps(row); start += ${8 * team.width}u) {
    var block = V();
    for (var j = start; j < min(start + ${8 * team.width}u, steps(row)); j += ${team.width}u) {
      let at = place(row, j);
      block = fma(weighted_gradient(at), product(load_x(at), s), block);
    }
    total = add(total, block);
  }
  return sum_of(value_of_total(total));
}

@compute @workgroup_size(${workgroupSize(team)})
fn main(${BUILTINS}) {
  local = index;
  let unit = team(${WORKGROUP_INDEX});
  let row = row_of(min(unit, units() - 1u));
  var s = ${given ? 'given_statistic(get_rstd(row))' : 'Statistic(S(), SI())'};
  var clamped = SB();`,
    squares && gradientStatistic('sum_of_squares(row, S(1.0))', given),
    `
  let mean = team_sum(dot(row, s)) * p.reciprocal_count;
  if (unit < units() && lane() == 0u) {
    put_statistics(row, s, select(mean, S(), clamped | (s.power == SI(ZERO_ROW))));
  }
}`,
  );
}

function dx(call: Call, part: Part): Dispatch {
  const { p, operands, gamma } = call;
  const dsum = operands.present.has('dsum');
  const type = elementType(p.dtype, 'ragged');
  const buffers = bound(
    [
      ...['x', 'dy', ...(dsum ? ['dsum'] : [])].map((name) => ({ name, type, write: false })),
      { name: 'dx', type, write: true },
      ...(gamma ? [{ name: 'gamma', type: 'array<f32>', write: false }] : []),
      ...readOnly([ROW_STATISTICS]),
    ],
    operands,
  );
  const target = operands.inPlace.dx ?? 'dx';
  return dispatchOf(call, part, {
    shader: {
      key: `dx:${p.dtype},${gamma},${dsum},${target}:${writable(buffers)}`,
      code: () =>
        lines(
          enableF16(p),
          PARAMETERS,
          declarations(buffers),
          SCATTERED_PLACES,
          widen(p),
          narrow(p, 4),
          load('x', 'x', p.dtype, 'ragged'),
          load('dy', 'dy', p.dtype, 'ragged'),
          dsum && load('dsum', 'dsum', p.dtype, 'ragged'),
          store('dx', target, p.dtype, 'ragged'),
          gamma && loadWeights('gamma', 'four', 'ragged'),
          statistics({ product: true }),
          scatteredMain(`
  let row = rows(i);
  let a = statistics[row.x];
  let b = statistics[row.y];
  let c = statistics[row.z];
  let d = statistics[row.w];
  let s = Statistic(bitcast<V>(vec4u(a.x, b.x, c.x, d.x)), bitcast<I>(vec4u(a.y, b.y, c.y, d.y)));
  let mean = bitcast<V>(vec4u(a.z, b.z, c.z, d.z));
  let g = load_dy(at)${gamma ? ` * ${withOffset('load_gamma(at)')}` : ''};
  let through = fma(-product(load_x(at), s), mean, g);
  // At a zero denominator the mean is 0, and n may be infinite.
  let gradient = select(g, through, (in_group(i) < vec4u(p.stat_size)) & (s.power != SI(ZERO_ROW)));
  let scaled = product(gradient, s);
  store_dx(at, ${dsum ? 'fma(scaled, V(p.alpha), load_dsum(at))' : 'scaled * p.alpha'});`),
        ),
    },
    buffers,
    workgroups: Math.ceil((part.slabs * p.size * p.inner) / (4 * SCATTERED)),
  });
}

/** Invocations that add up terms; so many features beside each other where these are neighbours in memory. */
const ADDERS = 128;
/** On a processor a barrier costs more than what is done between two of them. */
const ADDERS_OF_PROCESSOR = 4;
/** Parts of a feature's sum are worth a workgroup from so many terms for each invocation on. */
const TERMS = 32;
/** Workgroups that keep a device busy. */
const BUSY = 512;

/** Parts of dgamma and dbeta, as vec4f(dgamma, what it lost, dbeta, what it lost). */
const PARTIALS: Declared = { name: 'partials', type: 'array<vec4f>', write: true };

function partialsOf({ groups, size }: Problem, chunks: number): { name: string; bytes: number } {
  return { name: 'partials', bytes: chunks * groups * size * 16 };
}

function outputsOf({ operands }: Call): Declared[] {
  return ['dgamma', 'dbeta']
    .filter((name) => operands.present.has(name))
    .map((name) => ({ name, type: 'array<f32>', write: true }));
}

/** Adds up the parts. */
function totals(call: Call, chunks: number): Dispatch {
  const { p, capabilities } = call;
  const all = [...readOnly([PARTIALS]), ...outputsOf(call)];
  return {
    shader: { key: `weight-totals:${writable(all)}`, code: () => totalsCode(all) },
    bindings: bindings(all),
    uniforms: parameters(p, { firstSlab: 0, slabs: p.groups }, { chunks }),
    workgroups: gridOf(Math.ceil((p.groups * p.size) / SCATTERED), capabilities),
  };
}

/** dx with dgamma and dbeta, or with `chunks` parts of these. */
function blocksOf(call: Call): { part: (part: Part, index: number) => Dispatch; chunks: number } {
  const { p, operands, parts, capabilities, gamma } = call;
  const blocks = p.groups * Math.ceil(p.size / blockOf(p));
  const terms = (parts[0]!.slabs / p.groups) * p.inner;
  const width = narrowSubgroups(capabilities) ? ADDERS_OF_PROCESSOR : 64;
  const chunks = Math.max(1, Math.min(Math.ceil(terms / (width * TERMS)), Math.ceil(BUSY / blocks)));
  const dsum = operands.present.has('dsum');
  const type = elementType(p.dtype, 'word');
  const buffers = bound(
    [
      ...['x', 'dy', ...(dsum ? ['dsum'] : [])].map((name) => ({ name, type, write: false })),
      { name: 'dx', type, write: true },
      ...(gamma ? [{ name: 'gamma', type: 'array<f32>', write: false }] : []),
      ...readOnly([ROW_STATISTICS]),
      ...(parts.length * chunks === 1 ? outputsOf(call) : [PARTIALS]),
    ],
    operands,
  );
  const kernel = { p, buffers, gamma, dsum, target: operands.inPlace.dx ?? 'dx', width };
  return {
    chunks,
    part: (part, index) =>
      dispatchOf(call, part, {
        shader: blockShader(kernel),
        buffers,
        workgroups: blocks * chunks,
        extra: { chunks, firstChunk: index * chunks },
      }),
  };
}

/** Parts of dgamma and dbeta, where blocks of features share words. */
function weightSums(call: Call): { part: (part: Part, index: number) => Dispatch; chunks: number } {
  const { p, operands, parts, capabilities } = call;
  const adders = narrowSubgroups(capabilities) ? ADDERS_OF_PROCESSOR : ADDERS;
  const features = p.groups * p.size;
  const across = p.inner === 1 ? Math.min(adders / 2, 64, powerOfTwoFrom(features)) : 1;
  const down = adders / across;
  const columns = Math.ceil(features / across);
  const terms = (parts[0]!.slabs / p.groups) * p.inner;
  const chunks = Math.max(1, Math.min(Math.ceil(terms / (down * TERMS)), Math.ceil(BUSY / columns)));
  const buffers = bound(
    [
      ...['x', 'dy'].map((name) => ({ name, type: elementType(p.dtype, 'one'), write: false })),
      ...readOnly([ROW_STATISTICS]),
      PARTIALS,
    ],
    { ...operands, inPlace: {} },
  );
  return {
    chunks,
    part: (part, index) =>
      dispatchOf(call, part, {
        shader: {
          key: `weight-sums:${p.dtype},${across}x${down}:${writable(buffers)}`,
          code: () => partialSumsCode(p, across, down, buffers),
        },
        buffers,
        workgroups: columns * chunks,
        extra: { chunks, firstChunk: index * chunks },
      }),
  };
}

function partialSumsCode(p: Problem, across: number, down: number, buffers: readonly Declared[]): string {
  return lines(
    enableF16(p),
    PARAMETERS,
    declarations(buffers),
    AT,
    aliases('V', 'U', 'I', 1),
    aliases('S', 'SU', 'SI', 1),
    'alias SB = bool;',
    widen(p),
    load('x', 'x', p.dtype, 'one'),
    load('dy', 'dy', p.dtype, 'one'),
    statistics({ product: true }),
    compensated(),
    workgroupTotals(across * down, across),
    `
@compute @workgroup_size(${across * down})
fn main(${BUILTINS}) {
  let group = ${WORKGROUP_INDEX};
  let features = p.groups * p.size;
  let feature = (group / p.chunks) * ${across}u + index % ${across}u;
  let chunk = group % p.chunks;
  let offset = p.first_slab % p.groups;
  // Terms of a feature: all places of this part where its group is there, [outer, inner].
  let own_group = min(feature, features - 1u) / p.size;
  let slabs = p.rows / p.inner;
  let first_slab = (own_group + p.groups - offset) % p.groups;
  let count = select(0u, (slabs - first_slab + p.groups - 1u) / p.groups, slabs > first_slab) * p.inner;
  let each = (count + p.chunks - 1u) / p.chunks;
  var gamma_sum = Total();
  var beta_sum = Total();
  if (feature < features) {
    for (var t = chunk * each + index / ${across}u; t < min((chunk + 1u) * each, count); t += ${down}u) {
      let slab = first_slab + (t / p.inner) * p.groups;
      let column = t % p.inner;
      let at = At((slab * p.size + feature % p.size) * p.inner + column, 1u, 0u, 0u);
      let row = slab * p.inner + column;
      let dy = load_dy(at);
      let s = statistics[row];
      gamma_sum = add(gamma_sum, dy * (product(load_x(at), Statistic(bitcast<f32>(s.x), bitcast<i32>(s.y))) * p.alpha));
      beta_sum = add(beta_sum, dy);
    }
  }
  let g = total_of(gamma_sum, index);
  let b = total_of(beta_sum, index);
  if (index < ${across}u && feature < features) {
    partials[(p.first_chunk + chunk) * features + feature] = vec4f(g.high, g.low, b.high, b.low);
  }
}`,
  );
}

function totalsCode(buffers: readonly Declared[]): string {
  const writes = (name: string, total: string): string | false =>
    buffers.some((buffer) => buffer.name === name) && `  ${name}[feature] = value_of_total(${total});`;
  return lines(
    PARAMETERS,
    declarations(buffers),
    aliases('V', 'U', 'I', 1),
    compensated(),
    `
@compute @workgroup_size(${SCATTERED})
fn main(${BUILTINS}) {
  let feature = (${WORKGROUP_INDEX}) * ${SCATTERED}u + index;
  let features = p.groups * p.size;
  if (feature >= features) { return; }
  var gamma_sum = Total();
  var beta_sum = Total();
  for (var chunk = 0u; chunk < p.chunks; chunk++) {
    let partial = partials[chunk * features + feature];
    gamma_sum = add_total(gamma_sum, Total(partial.x, partial.y));
    beta_sum = add_total(beta_sum, Total(partial.z, partial.w));
  }`,
    writes('dgamma', 'gamma_sum'),
    writes('dbeta', 'beta_sum'),
    '}',
  );
}

function writable(buffers: readonly Declared[]): string {
  return buffers.map(({ name, write }) => (write ? `${name}!` : name)).join(' ');
}
