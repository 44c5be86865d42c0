import type { Components } from '../planning/access.ts';
import { MOST_SHARED, MOST_SUBGROUPS, type Team } from '../planning/team.ts';
import { CHAIN } from './sums.ts';
import { tree, wgsl } from './template.ts';

/**
 * `member()` in the team, `local_team()` in the workgroup, `team_index(workgroup)` among all teams; `team_sum(v)`,
 * `team_max(bits)`, and `team_any(flag)`: true in all of the team, and wherever a barrier would be shared, if true in one.
 */
export function teamwork(team: Team, rows: Components): string {
  const { width, teams } = team;
  const apart = team.kind === 'shared' && team.stride > 1;
  const member = apart ? 'local_index / TEAMS' : 'local_index % TEAM_WIDTH';
  const localTeam = apart ? 'local_index % TEAMS' : 'local_index / TEAM_WIDTH';
  return wgsl`
    // The invocations that share a tile are a team. member() is the index in it, local_team() that of the team in its
    // workgroup, team_index() that of the team among all.
    const TEAM_WIDTH = ${width}u;
    const TEAMS = ${teams}u; // of a workgroup
    const CHAIN = ${CHAIN}u; // how many numbers are added one after the other

    var<private> local_index: u32;

    fn member() -> u32 { return ${width === 1 ? '0u' : teams === 1 ? 'local_index' : member}; }
    fn local_team() -> u32 { return ${teams === 1 ? '0u' : localTeam}; }
    fn team_index(workgroup: u32) -> u32 { return ${teams === 1 ? 'workgroup' : 'workgroup * TEAMS + local_team()'}; }

    ${sharedMemory(team)}
    ${reduction(team, SUM)}
    ${reduction(team, MAX)}
    ${teamAny(team, rows)}
  `;
}

/** Whether a team needs the extension 'subgroups'. */
export function usesSubgroups(team: Team): boolean {
  return team.kind === 'subgroup' || (team.kind === 'workgroup' && team.subgroup > 1);
}

/** How two numbers are combined, and how several. */
interface Reduction {
  readonly name: string;
  readonly type: 'RowValues' | 'RowBits';
  readonly combine: (a: string, b: string) => string;
  readonly combineAll: (terms: readonly string[]) => string;
}

const SUM: Reduction = {
  name: 'team_sum',
  type: 'RowValues',
  combine: (a, b) => `${a} + ${b}`,
  combineAll: tree,
};

/** The order does not matter to a maximum: nested calls of any shape. */
const MAX: Reduction = {
  name: 'team_max',
  type: 'RowBits',
  combine: (a, b) => `max(${a}, ${b})`,
  combineAll: (terms) => terms.reduce((a, b) => `max(${a}, ${b})`),
};

/** One memory for all reductions, as bits: a driver may set it to zero word by word. */
function sharedMemory(team: Team): string {
  switch (team.kind) {
    case 'invocation':
    case 'subgroup':
      return '';
    case 'shared':
      return wgsl`
        var<workgroup> team_partials: array<RowBits, TEAMS * TEAM_WIDTH>;
        ${team.width > MOST_SHARED && `var<workgroup> team_partials_2: array<RowBits, 8u * TEAMS>;`}
      `;
    case 'workgroup': {
      const { count, each } = subgroupSums(team);
      return wgsl`
        var<workgroup> team_partials: array<RowBits, ${count}>;
        ${each > 1 && `var<workgroup> team_partials_2: array<RowBits, ${count / each}>;`}
      `;
    }
  }
}

/** How many subgroups' sums a workgroup has, and how many of them are added up before all invocations read the rest. */
function subgroupSums({ width, subgroup }: Team & { readonly kind: 'workgroup' }): { count: number; each: number } {
  const count = width / Math.min(width, subgroup);
  return { count, each: count <= MOST_SUBGROUPS ? 1 : count / MOST_SHARED };
}

function reduction(team: Team, how: Reduction): string {
  const { name, type, combine } = how;
  switch (team.kind) {
    case 'invocation':
      return `fn ${name}(v: ${type}) -> ${type} { return v; }`;
    case 'subgroup':
      return wgsl`
        fn ${name}(v: ${type}) -> ${type} {
          var all = v;
          ${shuffles(team.width, how)}
          return all;
        }
      `;
    case 'shared': {
      if (team.width > MOST_SHARED) return sharedReductionInTwo(team, how);
      const stride = team.stride === 1 ? '1u' : 'TEAMS';
      const first = team.stride === 1 ? '(local_index / TEAM_WIDTH) * TEAM_WIDTH' : 'local_index % TEAMS';
      const ofMember = (i: string): string => `bitcast<${type}>(team_partials[first + (${i}) * ${stride}])`;
      return wgsl`
        fn ${name}(v: ${type}) -> ${type} {
          team_partials[local_index] = bitcast<RowBits>(v);
          workgroupBarrier();
          let first = ${first};
          ${inFours(team.width, 'TEAM_WIDTH', ofMember, combine)}
          workgroupBarrier();
          return all;
        }
      `;
    }
    case 'workgroup':
      return workgroupReduction(team, how);
  }
}

function workgroupReduction(team: Team & { readonly kind: 'workgroup' }, how: Reduction): string {
  const { name, type, combineAll } = how;
  const subgroup = Math.min(team.width, team.subgroup);
  const { count, each } = subgroupSums(team);
  const combined = (terms: number, at: (index: number) => string): string =>
    combineAll(Array.from({ length: terms }, (_, i) => `bitcast<${type}>(${at(i)})`));
  return wgsl`
    fn ${name}(v: ${type}) -> ${type} {
      var all = v;
      ${shuffles(subgroup, how)}
      if (local_index % ${subgroup}u == 0u) { team_partials[local_index / ${subgroup}u] = bitcast<RowBits>(all); }
      ${
        each > 1 &&
        wgsl`
          workgroupBarrier();
          if (local_index < ${count / each}u) { team_partials_2[local_index] = bitcast<RowBits>(${combined(each, (i) => `team_partials[local_index * ${each}u + ${i}u]`)}); }
        `
      }
      let last = workgroupUniformLoad(&${each > 1 ? 'team_partials_2' : 'team_partials'});
      return ${combined(count / each, (i) => `last[${i}]`)};
    }
  `;
}

/** For a wide column team: the first members combine some each, then all combine those. */
function sharedReductionInTwo(
  { width }: Team & { readonly kind: 'shared' },
  { name, type, combine }: Reduction,
): string {
  const each = width / 8;
  const ofMember = (i: string): string =>
    `bitcast<${type}>(team_partials[first + (member() * (TEAM_WIDTH / 8u) + ${i}) * TEAMS])`;
  const partial = (i: string): string => `bitcast<${type}>(team_partials_2[first + (${i}) * TEAMS])`;
  return wgsl`
    fn ${name}(v: ${type}) -> ${type} {
      team_partials[local_index] = bitcast<RowBits>(v);
      workgroupBarrier();
      let first = local_index % TEAMS;
      if (member() < 8u) {
        ${inFours(each, 'TEAM_WIDTH / 8u', ofMember, combine)}
        team_partials_2[local_index] = bitcast<RowBits>(all);
      }
      workgroupBarrier();
      ${inFours(8, '8u', partial, combine)}
      return all;
    }
  `;
}

/** `all`: combines four at a time; a loop, as unrolled code compiles slowly. */
function inFours(
  count: number,
  width: string,
  ofMember: (index: string) => string,
  combine: Reduction['combine'],
): string {
  if (count < 4) return `let all = ${combine(ofMember('0u'), ofMember('1u'))};`;
  const four = (first: string): string =>
    combine(
      `(${combine(ofMember(first), ofMember(`${first} + 1u`))})`,
      `(${combine(ofMember(`${first} + 2u`), ofMember(`${first} + 3u`))})`,
    );
  return wgsl`
    var all = ${four('0u')};
    for (var i = 4u; i < ${width}; i += 4u) { all = ${combine('all', four('i'))}; }
  `;
}

function shuffles(width: number, { combine }: Reduction): string[] {
  const steps: string[] = [];
  for (let distance = 1; distance < width; distance *= 2) {
    steps.push(`all = ${combine('all', `subgroupShuffleXor(all, ${distance}u)`)};`);
  }
  return steps;
}

function teamAny(team: Team, rows: Components): string {
  const flag = rows === 1 ? 'flag' : 'any(flag)';
  switch (team.kind) {
    case 'invocation':
    case 'workgroup':
      return wgsl`
        // The sum, and so the flag, is the same in the whole team.
        fn team_any(flag: RowBools) -> bool { return ${flag}; }
      `;
    case 'subgroup':
      return `fn team_any(flag: RowBools) -> bool { return subgroupAny(${flag}); }`;
    case 'shared':
      return wgsl`
        var<workgroup> team_flag: u32;

        fn team_any(flag: RowBools) -> bool {
          // All who write write the same.
          if (${flag}) { team_flag = 1u; }
          let all = workgroupUniformLoad(&team_flag) != 0u;
          // For the next tile, whose sums come with barriers of their own.
          if (${flag}) { team_flag = 0u; }
          return all;
        }
      `;
  }
}
