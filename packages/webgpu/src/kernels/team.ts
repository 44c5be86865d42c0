import type { Capabilities } from '../dispatch.ts';
import { type Lanes, lines, tree } from './wgsl.ts';

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
/** How many partial sums every invocation reads and adds up by itself. */
const FINAL = 16;

/** A team for a row, at least `width` wide, which is a power of two. */
export function rowTeam(width: number, { subgroups }: Capabilities): Team {
  if (width === 1) return { kind: 'lane', width: 1, teams: INVOCATIONS };
  if (subgroups && subgroups.least >= width) return { kind: 'subgroup', width, teams: INVOCATIONS / width };
  if (!subgroups && width <= FINAL) return { kind: 'shared', width, teams: INVOCATIONS / width, stride: 1 };
  return { kind: 'workgroup', width, teams: 1, subgroup: subgroups ? subgroups.least : 1 };
}

export function workgroupSize({ width, teams }: Team): number {
  return width * teams;
}

export function teamKey(team: Team): string {
  const detail = team.kind === 'workgroup' ? team.subgroup : team.kind === 'shared' ? team.stride : 0;
  return `${team.kind}${team.width}x${team.teams}/${detail}`;
}

/** Directives, which stand before all else. */
export function enables(team: Team): string {
  const used = team.kind === 'subgroup' || (team.kind === 'workgroup' && team.subgroup > 1);
  return lines(
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

type Combine = (a: string, b: string) => string;
type CombineAll = (terms: readonly string[]) => string;

function reduction(team: Team, name: string, type: string, combine: Combine, combineAll: CombineAll): string {
  const memory = `${name}_partials`;
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
      const all = terms(team.width, (i) => `${memory}[first + ${i * team.stride}u]`);
      return lines(
        `var<workgroup> ${memory}: array<${type}, ${workgroupSize(team)}>;`,
        `${signature} {`,
        `  ${memory}[local] = v;`,
        '  workgroupBarrier();',
        `  let first = ${first};`,
        `  let all = ${all};`,
        '  workgroupBarrier();',
        '  return all;',
        '}',
      );
    }

    case 'workgroup': {
      const { width } = team;
      const subgroup = Math.min(width, team.subgroup);
      const count = width / subgroup;
      const each = Math.max(1, count / FINAL);
      const last = count / each;
      const final = `${memory}_final`;
      return lines(
        `var<workgroup> ${memory}: array<${type}, ${count}>;`,
        each > 1 && `var<workgroup> ${final}: array<${type}, ${last}>;`,
        `${signature} {`,
        `  var all = v; ${shuffles(subgroup, combine)}`,
        `  if (local % ${subgroup}u == 0u) { ${memory}[local / ${subgroup}u] = all; }`,
        each > 1 && '  workgroupBarrier();',
        each > 1 &&
          `  if (local < ${last}u) { ${final}[local] = ${terms(each, (i) => `${memory}[local * ${each}u + ${i}u]`)}; }`,
        `  let partials = workgroupUniformLoad(&${each > 1 ? final : memory});`,
        `  return ${terms(last, (i) => `partials[${i}]`)};`,
        '}',
      );
    }
  }
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
    '  return workgroupUniformLoad(&flagged) != 0u;',
    '}',
  );
}
