import { COMPONENTS } from '../planning/access.ts';
import { layoutKey, type TileLayout } from '../planning/layout.ts';
import { type Team, teamKey, workgroupSize } from '../planning/team.ts';
import type { KernelProblem } from '../problem.ts';
import { declarations, type ShaderBuffer } from './bindings.ts';
import { usesF16 } from './float16.ts';
import { PARAMETERS } from './parameters.ts';
import { problemKey } from './statistic.ts';
import { teamwork, usesSubgroups } from './teamwork.ts';
import { type Part, wgsl } from './template.ts';
import { PLACE, tiles } from './tiles.ts';
import { elementAliases, rowAliases } from './vectors.ts';

/** What every kernel of tiles has. */
export interface TileKernel {
  readonly problem: KernelProblem;
  readonly layout: TileLayout;
  readonly team: Team;
  readonly buffers: readonly ShaderBuffer[];
}

/** A problem, its tiles and teams, in the key of a shader. */
export function tileKey({ problem, layout, team }: Pick<TileKernel, 'problem' | 'layout' | 'team'>): string {
  return `${problemKey(problem)},${layoutKey(layout)},${teamKey(team)}`;
}

/** Directives stand before all else. */
export function directives({ dtype, toFloat16 }: KernelProblem, subgroups: boolean): string {
  return wgsl`
    ${usesF16(dtype, toFloat16) && 'enable f16;'}
    ${
      subgroups &&
      wgsl`
        enable subgroups;
        // Rows that are not plain are redone where any row of the subgroup is: uniform, but the analysis does not see it.
        diagnostic(off, subgroup_uniformity);
      `
    }
  `;
}

/** What every kernel of tiles begins with: parameters, buffers, where elements are, and who works together. */
export function preamble(
  { problem, layout, team, buffers }: TileKernel,
  subgroups: boolean = usesSubgroups(team),
): string {
  return wgsl`
    ${directives(problem, subgroups)}
    ${PARAMETERS}
    ${declarations(buffers)}

    ${elementAliases(COMPONENTS[layout.access])}
    ${rowAliases(layout.rows)}

    ${PLACE}
    ${tiles(layout)}
    ${teamwork(team, layout.rows)}
  `;
}

export const BUILTINS: string =
  '@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32';

/** The index of a workgroup in its grid. */
export const WORKGROUP_INDEX: string = 'workgroup.x + workgroup.y * grid.x';

/**
 * `main`, with `tile` for each team. A team beyond the last tile takes part in barriers, and writes nothing: its `has_tile` is
 * false. A workgroup team returns instead: `has_tile` is always true for it.
 */
export function mainOverTiles(team: Team, body: Part): string {
  return wgsl`
    @compute @workgroup_size(${workgroupSize(team)})
    fn main(${BUILTINS}) {
      local_index = index;
      let tile_index = team_index(${WORKGROUP_INDEX});
      ${
        team.kind === 'workgroup'
          ? wgsl`
              if (tile_index >= tile_count()) { return; }
              // has_tile is always true for a workgroup team.
            `
          : '// A team beyond the last tile takes part in barriers, and writes nothing.'
      }
      let tile = tile_at(min(tile_index, tile_count() - 1u));
      let has_tile = tile_index < tile_count();
      ${body}
    }
  `;
}

/** `main`, with `tile` for each workgroup, or for each team whose kernel has no barrier. */
export function mainWithoutIdleTeams(team: Team, body: Part): string {
  return wgsl`
    @compute @workgroup_size(${workgroupSize(team)})
    fn main(${BUILTINS}) {
      local_index = index;
      let tile_index = ${team.kind === 'workgroup' ? WORKGROUP_INDEX : `team_index(${WORKGROUP_INDEX})`};
      if (tile_index >= tile_count()) { return; }
      let tile = tile_at(tile_index);
      ${body}
    }
  `;
}
