import { unreachable } from '../../unreachable.ts';
import { COMPONENTS, type Components } from '../planning/access.ts';
import type { GradientResidency } from '../planning/residency.ts';
import { workgroupSize } from '../planning/team.ts';
import { type TermType, termTotal } from '../wgsl/compensated.ts';
import type { TileKernel } from '../wgsl/preamble.ts';
import { unrolled, wgsl } from '../wgsl/template.ts';

/** A kernel that sums up the gradients of the weights on its way from tile to tile. */
export interface SummingKernel extends TileKernel {
  readonly residency: GradientResidency;
  readonly dgamma: boolean;
  readonly dbeta: boolean;
}

/**
 * Sums over tiles for dgamma and dbeta: `term_of(elements)`; `total_across_teams(own)`, for the first team; and
 * `store_weight_sum(start, tile, step, sums)`, of the features of a step of the tile.
 */
export function weightSums(kernel: SummingKernel): string {
  const type = termTypeOf(kernel);
  return wgsl`
    ${termTotal(type)}
    ${termOf(type, COMPONENTS[kernel.layout.access])}
    ${totalAcrossTeams(kernel)}
    ${storeWeightSum(kernel)}
  `;
}

/** Whether a pair's rows have features of two groups, each with sums of its own. */
export function sumsOfPairsApart({ layout, problem }: Pick<SummingKernel, 'layout' | 'problem'>): boolean {
  return layout.kind === 'resident-row-pairs' && problem.groups > 1;
}

/** An invocation's elements are of one feature in columns, of two in a row pair with a term of either row; else each has its own. */
function termTypeOf(kernel: SummingKernel): TermType {
  if (kernel.layout.kind === 'columns') return 'f32';
  return kernel.layout.kind === 'resident-row-pairs' && !sumsOfPairsApart(kernel) ? 'vec2f' : 'Elements';
}

function termOf(type: TermType, components: Components): string {
  switch (type) {
    case 'Elements':
      return 'fn term_of(v: Elements) -> Elements { return v; }';
    case 'vec2f':
      return 'fn term_of(v: Elements) -> vec2f { return v.xz + v.yw; }';
    case 'f32': {
      const sum = { 1: 'v', 2: 'v.x + v.y', 4: '(v.x + v.y) + (v.z + v.w)' }[components];
      return `fn term_of(v: Elements) -> f32 { return ${sum}; }`;
    }
    default:
      return unreachable(type);
  }
}

/** As a tree over the teams of a workgroup. */
function totalAcrossTeams({ team, residency }: SummingKernel): string {
  const { teams } = team;
  if (teams === 1) return 'fn total_across_teams(own: TermTotal) -> TermTotal { return own; }';
  if (residency.together) {
    return wgsl`
      fn total_across_teams(own: TermTotal) -> TermTotal {
        var all = own;
        ${unrolled(Math.log2(teams), (level) => {
          const other = (of: string): string => `subgroupShuffleXor(${of}, ${2 ** level}u * TEAM_WIDTH)`;
          return `all = add_term_totals(all, TermTotal(${other('all.high')}, ${other('all.low')}));`;
        })}
        return all;
      }
    `;
  }
  return wgsl`
    var<workgroup> team_totals: array<TermTotal, ${workgroupSize(team)}>;

    fn total_across_teams(own: TermTotal) -> TermTotal {
      let at = local_team() * TEAM_WIDTH + member();
      workgroupBarrier();
      team_totals[at] = own;
      for (var half = TEAMS / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (local_team() < half) { team_totals[at] = add_term_totals(team_totals[at], team_totals[at + half * TEAM_WIDTH]); }
      }
      return team_totals[at];
    }
  `;
}

function storeWeightSum(kernel: SummingKernel): string {
  const { layout, dgamma, dbeta } = kernel;
  switch (layout.kind) {
    case 'columns':
      return 'fn store_weight_sum(start: u32, tile: Tile, step: u32, v: f32) { weight_sums[start + step] = v; }';
    case 'resident-row-pairs':
      return sumsOfPairsApart(kernel) ? storeOfTwoGroups(Number(dgamma) + Number(dbeta)) : STORE_OF_TWO_FEATURES;
    case 'rows':
    case 'sections':
    case 'row-pairs':
      return layout.access === 'quad' ? STORE_OF_FOUR_FEATURES : STORE_OF_UP_TO_FOUR;
    default:
      return unreachable(layout.kind);
  }
}

const STORE_OF_FOUR_FEATURES = wgsl`
  fn store_weight_sum(start: u32, tile: Tile, step: u32, v: Elements) { weight_sums[(start >> 2u) + step] = v; }
`;

const STORE_OF_UP_TO_FOUR = wgsl`
  fn store_weight_sum(start: u32, tile: Tile, step: u32, v: Elements) {
    for (var c = 0u; c < min(4u, params.size - 4u * step); c++) { weight_sums[start + 4u * step + c] = v[c]; }
  }
`;

const STORE_OF_TWO_FEATURES = wgsl`
  fn store_weight_sum(start: u32, tile: Tile, step: u32, v: vec2f) {
    weight_sums[start + 2u * step] = v.x;
    if (2u * step + 1u < params.size) { weight_sums[start + 2u * step + 1u] = v.y; }
  }
`;

/**
 * With an odd number of groups, a group belongs to the first row in some pairs and to the second in others: it has two
 * sums.
 */
function storeOfTwoGroups(sums: number): string {
  return wgsl`
    fn store_weight_sum(start: u32, tile: Tile, step: u32, v: Elements) {
      let second = start + first_feature(tile.row + 1u) - tile.feature + (params.groups % 2u) * params.groups * params.size * ${sums}u;
      weight_sums[start + 2u * step] = v.x;
      weight_sums[second + 2u * step] = v.y;
      if (2u * step + 1u < params.size) {
        weight_sums[start + 2u * step + 1u] = v.z;
        weight_sums[second + 2u * step + 1u] = v.w;
      }
    }
  `;
}
