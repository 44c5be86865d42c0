import type { Capabilities } from '../../plan.ts';
import type { Problem } from '../problem.ts';
import { enableF16 } from '../wgsl/float16.ts';
import { type Lanes, lines, tree } from '../wgsl/template.ts';

/**
 * The invocations that share a row (or a few rows, each in a component of `S`), and how they add up what each has:
 *
 * - `lane`: one alone
 * - `subgroup`: part of a subgroup, by shuffles; no barrier
 * - `workgroup`: the whole workgroup, subgroups first where there are any; two barriers
 * - `shared`: one of several teams of a workgroup, through its memory
 *
 * The order of the additions is a tree that depends on the team alone: not on how large subgroups turn out to be.
 */
export type Team =
  | { readonly kind: 'lane'; readonly width: 1; readonly teams: number }
  | { readonly kind: 'subgroup'; readonly width: number; readonly teams: number }
  | { readonly kind: 'workgroup'; readonly width: number; readonly teams: 1; readonly subgroup: number }
  | {
      readonly kind: 'shared';
      readonly width: number;
      readonly teams: number;
      /** Members of a team lie this far apart: 1, or `teams` where neighbours belong to different teams. */
      readonly stride: number;
    };

const INVOCATIONS = 256;
/** Members of a team that add up without subgroups, each all of them by itself. */
const FINAL = 16;
/** Up to so many subgroups' sums are read and added up by every invocation: one barrier before, one behind. */
const FINAL_OF_SUBGROUPS = 32;

/** A team for a row, at least `width` wide, which is a power of two. */
export function rowTeam(width: number, { subgroups }: Capabilities): Team {
  if (width === 1) return { kind: 'lane', width: 1, teams: INVOCATIONS };
  if (subgroups && subgroups.least >= width) return { kind: 'subgroup', width, teams: INVOCATIONS / width };
  if (!subgroups && width <= FINAL) return { kind: 'shared', width, teams: INVOCATIONS / width, stride: 1 };
  return { kind: 'workgroup', width, teams: 1, subgroup: subgroups ? subgroups.least : 1 };
}

/** Narrow subgroups are a processor's: its registers are its cache, and what crosses lanes costs it more than all else. */
export function narrowSubgroups({ subgroups }: Capabilities): boolean {
  return subgroups !== null && subgroups.most < 8;
}

/**
 * A team for columns that are held: its members lie apart, so that neighbours of different columns lie side by side. As
 * wide whatever inner is; half as wide for `halves`, elements of 16 bits, so that as many bytes do.
 */
export function columnTeam(size: number, capabilities: Capabilities, halves = false): Team {
  const narrow = narrowSubgroups(capabilities);
  const most = narrow ? 64 : halves ? 16 : 8;
  // Wider where a member would hold more than 16 elements of each of its columns.
  const widest = narrow || size <= 1024 ? 64 : Math.min(INVOCATIONS, 2 ** Math.ceil(Math.log2(size / 16)));
  const width = Math.min(widest, 2 ** Math.max(0, Math.ceil(Math.log2(size / most))));
  if (width === 1) return { kind: 'lane', width, teams: narrow ? 4 : 64 };
  const teams = narrow ? 4 : INVOCATIONS / width;
  return { kind: 'shared', width, teams, stride: teams };
}

/** As many members as there may be, and with subgroups as add up in two barriers. */
export function widestOf({ subgroups }: Capabilities): number {
  return subgroups ? Math.min(INVOCATIONS, FINAL_OF_SUBGROUPS * subgroups.least) : INVOCATIONS;
}

export function workgroupSize({ width, teams }: Team): number {
  return width * teams;
}

export function teamKey(team: Team): string {
  const detail = team.kind === 'workgroup' ? team.subgroup : team.kind === 'shared' ? team.stride : 0;
  return `${team.kind}${team.width}x${team.teams}/${detail}`;
}

/** Directives, which stand before all else. */
export function enables(p: Pick<Problem, 'halves'>, team: Team, otherwise = false): string {
  const used = otherwise || team.kind === 'subgroup' || (team.kind === 'workgroup' && team.subgroup > 1);
  return lines(
    enableF16(p),
    used && 'enable subgroups;',
    // Rows that are not plain are redone where any row of the subgroup is: uniform, but the analysis does not see it.
    used && 'diagnostic(off, subgroup_uniformity);',
  );
}

/**
 * `lane()` in the team, `team(workgroup)` among all teams, `team_sum(v)`, `team_max(bits)`, and `team_any(flag)`: true in
 * all of the team, and wherever a barrier would be shared, if true in one.
 */
export function teamwork(team: Team, lanes: Lanes): string {
  const { width, teams } = team;
  const apart = team.kind === 'shared' && team.stride > 1;
  const lane = apart ? `local / ${teams}u` : `local % ${width}u`;
  const number = apart ? `local % ${teams}u` : `local / ${width}u`;
  return lines(
    'var<private> local: u32;',
    `fn lane() -> u32 { return ${width === 1 ? '0u' : teams === 1 ? 'local' : lane}; }`,
    `fn team(workgroup: u32) -> u32 { return ${teams === 1 ? 'workgroup' : `workgroup * ${teams}u + ${number}`}; }`,
    memoryOf(team),
    reduction(team, 'team_sum', 'S', (a, b) => `${a} + ${b}`, tree),
    // The order does not matter to a maximum: nested calls of any shape.
    reduction(
      team,
      'team_max',
      'SU',
      (a, b) => `max(${a}, ${b})`,
      (terms) => terms.reduce((a, b) => `max(${a}, ${b})`),
    ),
    any(team, lanes),
  );
}

/** One for all reductions, as bits: a driver may set it to zero word by word. */
function memoryOf(team: Team): string {
  if (team.kind === 'shared') {
    return lines(
      `var<workgroup> partials: array<SU, ${workgroupSize(team)}>;`,
      team.width > FINAL && `var<workgroup> partials_of_partials: array<SU, ${8 * team.teams}>;`,
    );
  }
  if (team.kind !== 'workgroup') return '';
  const { count, each } = addition(team);
  return lines(
    `var<workgroup> partials: array<SU, ${count}>;`,
    each > 1 && `var<workgroup> partials_of_partials: array<SU, ${count / each}>;`,
  );
}

/** Of a whole workgroup: how many subgroups' sums there are, and how many of them are added up before all read the rest. */
function addition({ width, subgroup }: Team & { readonly kind: 'workgroup' }): { count: number; each: number } {
  const count = width / Math.min(width, subgroup);
  return { count, each: count <= FINAL_OF_SUBGROUPS ? 1 : count / FINAL };
}

type Combine = (a: string, b: string) => string;
type CombineAll = (terms: readonly string[]) => string;

function reduction(team: Team, name: string, type: string, combine: Combine, combineAll: CombineAll): string {
  const own = (expression: string): string => `bitcast<${type}>(${expression})`;
  const signature = `fn ${name}(v: ${type}) -> ${type}`;
  const terms = (count: number, at: (index: number) => string): string =>
    combineAll(Array.from({ length: count }, (_, index) => at(index)));

  switch (team.kind) {
    case 'lane':
      return `${signature} { return v; }`;

    case 'subgroup':
      return `${signature} { var all = v; ${shuffles(team.width, combine)} return all; }`;

    case 'shared': {
      const first = team.stride === 1 ? `(local / ${team.width}u) * ${team.width}u` : `local % ${team.teams}u`;
      const member = (i: string): string => own(`partials[first + (${i}) * ${team.stride}u]`);
      if (team.width > FINAL) return inTwo(team, signature, own, combine);
      return lines(
        `${signature} {`,
        `  partials[local] = bitcast<SU>(v);`,
        '  workgroupBarrier();',
        `  let first = ${first};`,
        `  ${inFours(team.width, member, combine)}`,
        '  workgroupBarrier();',
        '  return all;',
        '}',
      );
    }

    case 'workgroup': {
      const { width } = team;
      const subgroup = Math.min(width, team.subgroup);
      const { count, each } = addition(team);
      const last = count / each;
      return lines(
        `${signature} {`,
        `  var all = v; ${shuffles(subgroup, combine)}`,
        `  if (local % ${subgroup}u == 0u) { partials[local / ${subgroup}u] = bitcast<SU>(all); }`,
        each > 1 && '  workgroupBarrier();',
        each > 1 &&
          `  if (local < ${last}u) { partials_of_partials[local] = bitcast<SU>(${terms(each, (i) => own(`partials[local * ${each}u + ${i}u]`))}); }`,
        `  let last = workgroupUniformLoad(&${each > 1 ? 'partials_of_partials' : 'partials'});`,
        `  return ${terms(last, (i) => own(`last[${i}]`))};`,
        '}',
      );
    }
  }
}

/** Of a wide team of columns: its first members add up some each, then all what these have. */
function inTwo(
  { width, teams, stride }: Team & { readonly kind: 'shared' },
  signature: string,
  own: (expression: string) => string,
  combine: Combine,
): string {
  const each = width / 8;
  const member = (i: string): string => own(`partials[first + (lane() * ${each}u + ${i}) * ${stride}u]`);
  return lines(
    `${signature} {`,
    '  partials[local] = bitcast<SU>(v);',
    '  workgroupBarrier();',
    `  let first = local % ${teams}u;`,
    `  if (lane() < 8u) { ${inFours(each, member, combine)} partials_of_partials[local] = bitcast<SU>(all); }`,
    '  workgroupBarrier();',
    `  ${inFours(8, (i) => own(`partials_of_partials[first + (${i}) * ${stride}u]`), combine)}`,
    '  return all;',
    '}',
  );
}

/** `all`: of fours, one behind the other; a loop, as what is unrolled takes its time to compile. */
function inFours(width: number, member: (index: string) => string, combine: Combine): string {
  if (width < 4) return `let all = ${combine(member('0u'), member('1u'))};`;
  const four = (first: string): string =>
    combine(
      `(${combine(member(first), member(`${first} + 1u`))})`,
      `(${combine(member(`${first} + 2u`), member(`${first} + 3u`))})`,
    );
  return `var all = ${four('0u')}; for (var i = 4u; i < ${width}u; i += 4u) { all = ${combine('all', four('i'))}; }`;
}

function shuffles(width: number, combine: Combine): string {
  const steps: string[] = [];
  for (let distance = 1; distance < width; distance *= 2) {
    steps.push(`all = ${combine('all', `subgroupShuffleXor(all, ${distance}u)`)};`);
  }
  return steps.join(' ');
}

function any(team: Team, lanes: Lanes): string {
  const flag = lanes === 1 ? 'flag' : 'any(flag)';
  const signature = `fn team_any(flag: SB) -> bool`;
  if (team.kind === 'subgroup') return `${signature} { return subgroupAny(${flag}); }`;
  if (team.kind !== 'shared') return `${signature} { return ${flag}; }`;
  return lines(
    'var<workgroup> flagged: u32;',
    `${signature} {`,
    // All who write write the same.
    `  if (${flag}) { flagged = 1u; }`,
    '  let all = workgroupUniformLoad(&flagged) != 0u;',
    // For the next row, whose sums come with barriers of their own.
    `  if (${flag}) { flagged = 0u; }`,
    '  return all;',
    '}',
  );
}
