import type { Capabilities } from '../../plan.ts';
import { is16Bit, type KernelProblem } from '../problem.ts';
import { powerOfTwoFrom, RESIDENT_COLUMN, type TileLayout } from './layout.ts';

/**
 * A *team* is the invocations that share a tile, its *members*, each with an index. How they add up what each has:
 *
 * - `invocation`: one invocation alone
 * - `subgroup`: part of a subgroup, by shuffles; no barrier
 * - `workgroup`: the whole workgroup, subgroups first where there are any; two barriers
 * - `shared`: one of several teams of a workgroup, through its memory
 *
 * The order of the additions is a tree that depends on the team alone: not on how large subgroups turn out to be.
 */
export type Team =
  | { readonly kind: 'invocation'; readonly width: 1; readonly teams: number }
  | { readonly kind: 'subgroup'; readonly width: number; readonly teams: number }
  | { readonly kind: 'workgroup'; readonly width: number; readonly teams: 1; readonly subgroup: number }
  | {
      readonly kind: 'shared';
      readonly width: number;
      readonly teams: number;
      /** How far apart the members of a team lie: 1, or `teams` where neighbours belong to different teams. */
      readonly stride: number;
    };

/** Invocations of a workgroup. */
const INVOCATIONS = 256;

/** The widest `shared` team whose members each add up the numbers of all. */
export const MOST_SHARED = 16;

/** The most subgroup sums that every invocation adds up itself: one barrier before, one behind. */
export const MOST_SUBGROUPS = 32;

export function workgroupSize({ width, teams }: Team): number {
  return width * teams;
}

export function teamKey(team: Team): string {
  const detail = team.kind === 'workgroup' ? team.subgroup : team.kind === 'shared' ? team.stride : 0;
  return `${team.kind}${team.width}x${team.teams}/${detail}`;
}

/** Subgroups below 8 mean a CPU: registers are cache memory, and exchange between invocations is its largest cost. */
export function isCpu({ subgroups }: Capabilities): boolean {
  return subgroups !== null && subgroups.most < 8;
}

/** A team for a row, at least `width` wide, which is a power of two. */
export function rowTeam(width: number, { subgroups }: Capabilities): Team {
  if (width === 1) return { kind: 'invocation', width: 1, teams: INVOCATIONS };
  if (subgroups && subgroups.least >= width) return { kind: 'subgroup', width, teams: INVOCATIONS / width };
  if (!subgroups && width <= MOST_SHARED) return { kind: 'shared', width, teams: INVOCATIONS / width, stride: 1 };
  return { kind: 'workgroup', width, teams: 1, subgroup: subgroups ? subgroups.least : 1 };
}

/** The most members that a row's team may have, and that with subgroups add up in two barriers. */
export function widestRowTeam({ subgroups }: Capabilities): number {
  return subgroups ? Math.min(INVOCATIONS, MOST_SUBGROUPS * subgroups.least) : INVOCATIONS;
}

/**
 * A team for columns that are kept in registers. Its members lie apart, so that invocations side by side read columns side
 * by side. Its width does not depend on inner. With 16-bit elements it is half as wide, so that as many bytes lie side by
 * side.
 */
export function columnTeam(size: number, capabilities: Capabilities, short = false): Team {
  const cpu = isCpu(capabilities);
  const most = cpu ? 64 : short ? 16 : 8;
  // Wider where a member would hold more than 16 elements of each of its columns.
  const widest = cpu || size <= 1024 ? 64 : Math.min(INVOCATIONS, powerOfTwoFrom(size / 16));
  const width = Math.min(widest, powerOfTwoFrom(size / most));
  if (width === 1) return { kind: 'invocation', width, teams: cpu ? 4 : 64 };
  const teams = cpu ? 4 : INVOCATIONS / width;
  return { kind: 'shared', width, teams, stride: teams };
}

/** A team for tiles that are read in loops. Its width, and so the order of additions, follows from the size alone. */
export function loopTeam({ kind, rows }: TileLayout, { size, dtype }: KernelProblem, capabilities: Capabilities): Team {
  if (kind === 'columns') {
    // The same order as where columns are kept in registers, which those of 16 bits that share words cannot be.
    if (size <= RESIDENT_COLUMN) return columnTeam(size, capabilities, is16Bit(dtype));
    // 16 numbers of each member side by side, 64 bytes of float32.
    const teams = 16 / rows;
    return { kind: 'shared', width: 16, teams, stride: teams };
  }
  const widest = capabilities.subgroups ? Math.min(256, 16 * capabilities.subgroups.least) : 256;
  const steps = kind === 'row-pairs' ? size : Math.ceil(size / 4);
  const width = Math.max(Math.min(4, powerOfTwoFrom(steps)), powerOfTwoFrom(steps / 16));
  return rowTeam(Math.min(widest, width), capabilities);
}

/** A workgroup for a section: as wide as 16 subgroups, whose sums every invocation adds up. */
export function sectionTeam({ subgroups }: Capabilities): Team {
  const width = subgroups ? Math.min(256, 16 * subgroups.least) : 256;
  return { kind: 'workgroup', width, teams: 1, subgroup: subgroups ? subgroups.least : 1 };
}
