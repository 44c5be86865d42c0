import type { Capabilities, Shader } from '../../plan.ts';
import { COMPONENTS } from '../planning/access.ts';
import { powerOfTwoFrom, type TileLayout } from '../planning/layout.ts';
import { isCpu, loopTeam, type Team, workgroupSize } from '../planning/team.ts';
import type { KernelProblem } from '../problem.ts';
import { bufferKey } from '../wgsl/bindings.ts';
import { affineKey } from '../wgsl/fusion.ts';
import { BUILTINS, tileKey, WORKGROUP_INDEX } from '../wgsl/preamble.ts';
import { storeRowValues } from '../wgsl/row-values.ts';
import { type Part, shaderOf, wgsl } from '../wgsl/template.ts';
import { largestOf, type QuantizedKernel, quantizedPreamble, scaleOf } from './quantize.ts';

/**
 * Rows that are read in loops, for the statistic, for the largest |y| over all groups of a *position* (outer, inner), which
 * have one scale, and for q. Where a row lies in one piece a workgroup has a position, and its teams a group each at a time;
 * else a team has as many positions as an invocation has columns, and goes from group to group.
 */
export interface LoopQuantizedKernel extends QuantizedKernel {
  /** Whether a team has one group, so that it keeps the statistic to itself. */
  readonly single: boolean;
}

/** The teams of a workgroup: no more than groups where these share it; on a CPU, to which barriers cost most, those of a subgroup. */
export function quantizedTeam(problem: KernelProblem, layout: TileLayout, capabilities: Capabilities): Team {
  const team = loopTeam(layout, problem, capabilities);
  if (layout.kind === 'columns' || team.kind === 'workgroup') return team;
  const most = isCpu(capabilities) ? Math.max(1, capabilities.subgroups!.least / team.width) : team.teams;
  return { ...team, teams: Math.min(most, powerOfTwoFrom(problem.groups)) };
}

/** How many groups are gone through at a time. */
export function groupsAtOnce({ kind }: TileLayout, { teams }: Team): number {
  return kind === 'columns' ? 1 : teams;
}

export function loopQuantizedShader(kernel: LoopQuantizedKernel): Shader {
  const { affine, scaleGiven, single, buffers } = kernel;
  const tile = tileKey(kernel);
  const key = `quantized-loop:${tile},${affineKey(affine)},${scaleGiven},${single}:${bufferKey(buffers)}`;
  return shaderOf(key, () => code(kernel));
}

function code(kernel: LoopQuantizedKernel): string {
  const { layout, team, scaleGiven, single } = kernel;
  const columns = layout.kind === 'columns';
  const tilesOfSlab = columns ? `(params.inner / ${COMPONENTS[layout.access]}u)` : '1u';
  const keepsStatistic = !scaleGiven && !single;
  return wgsl`
    ${quantizedPreamble(kernel)}
    ${
      keepsStatistic && [
        storeRowValues('r', layout),
        storeRowValues('exponents', layout, 'RowInts'),
        loadStatistic(layout),
      ]
    }
    ${!scaleGiven && !columns && 'var<workgroup> workgroup_largest: atomic<u32>;'}

    @compute @workgroup_size(${workgroupSize(team)})
    fn main(${BUILTINS}) {
      local_index = index;
      // A position (outer, inner) has one scale for all its groups. Positions are counted by tiles of one group.
      let positions = tile_count() / params.groups;
      let position = ${columns ? `team_index(${WORKGROUP_INDEX})` : WORKGROUP_INDEX};
      ${!columns && 'if (position >= positions) { return; }'}
      let own_position = min(position, positions - 1u);
      let first_tile = (own_position / ${tilesOfSlab}) * params.groups * ${tilesOfSlab} + own_position % ${tilesOfSlab};
      var largest = RowBits();
      var s = Statistic();
      ${scaleGiven && 'let scale = RowValues(params.given_scale);'}
      ${eachGroup(
        kernel,
        tilesOfSlab,
        wgsl`
          // The statistic of a group${!scaleGiven && ', and the largest |y| so far'}.
          let sum = team_sum(sum_of_squares(tile, RowValues(1.0)));
          s = Statistic(plain_r(sum), RowInts());
          if (team_any(!is_plain(sum))) { s = rescaled(tile, sum).statistic; }
          ${scaleGiven ? STORE_TILE : findLargest(kernel, keepsStatistic)}
        `,
      )}
      ${!scaleGiven && scaleAndStore(kernel, tilesOfSlab, keepsStatistic)}
      if (position < positions && ${columns ? 'member()' : 'local_index'} == 0u) {
        var scale_tile = tile_at(first_tile);
        scale_tile.row = (own_position / ${tilesOfSlab}) * params.inner + (own_position % ${tilesOfSlab}) * ${columns ? COMPONENTS[layout.access] : 1}u;
        store_scales(scale_tile, scale);
      }
    }
  `;
}

/** The scale of a position, from the largest |y|; then q of all its groups. */
function scaleAndStore(kernel: LoopQuantizedKernel, tilesOfSlab: string, keepsStatistic: boolean): string {
  return wgsl`
    ${
      keepsStatistic &&
      wgsl`
        // What member 0 stored is loaded by its whole team.
        storageBarrier();
      `
    }
    ${kernel.layout.kind === 'columns' ? 'largest = team_max(largest);' : LARGEST_OF_WORKGROUP}
    let scale = ${scaleOf('largest')};
    ${eachGroup(
      kernel,
      tilesOfSlab,
      wgsl`
        ${keepsStatistic && 'if (has_tile) { s = load_statistic(tile); }'}
        ${STORE_TILE}
      `,
    )}
  `;
}

/** A loop over the groups of a position, `body` for the tile of each. */
function eachGroup({ layout }: LoopQuantizedKernel, tilesOfSlab: string, body: Part): string {
  const columns = layout.kind === 'columns';
  return wgsl`
    for (var start = 0u; start < params.groups; start += ${columns ? '1u' : 'TEAMS'}) {
      let group = ${columns ? 'start' : 'start + local_team()'};
      let has_tile = group < params.groups${columns ? ' && position < positions' : ''};
      let tile = tile_at(first_tile + min(group, params.groups - 1u) * ${tilesOfSlab});
      ${body}
    }
  `;
}

function findLargest({ layout }: LoopQuantizedKernel, keepsStatistic: boolean): string {
  return wgsl`
    if (has_tile) {
      ${keepsStatistic && 'if (member() == 0u) { store_r(tile, s.r); store_exponents(tile, s.exponent); }'}
      for (var step = member(); step < steps_of(tile); step += TEAM_WIDTH) {
        let place = place_at(tile, step);
        let y = weighted(place, times_r(norm_input(place), s));
        largest = max(largest, ${largestOf('y', 'place', layout)});
      }
    }
  `;
}

const STORE_TILE = wgsl`
  if (has_tile) {
    for (var step = member(); step < steps_of(tile); step += TEAM_WIDTH) {
      let place = place_at(tile, step);
      store_bytes(place, quantized(weighted(place, times_r(norm_input(place), s)), Elements(scale)));
    }
  }
`;

const LARGEST_OF_WORKGROUP = wgsl`
  atomicMax(&workgroup_largest, largest);
  workgroupBarrier();
  largest = atomicLoad(&workgroup_largest);
`;

function loadStatistic({ rows }: TileLayout): string {
  const all = (name: string): string => Array.from({ length: rows }, (_, i) => `${name}[tile.row + ${i}u]`).join(', ');
  return wgsl`
    fn load_statistic(tile: Tile) -> Statistic {
      return Statistic(RowValues(${all('r')}), RowInts(${all('exponents')}));
    }
  `;
}
