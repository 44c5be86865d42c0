import type { Capabilities } from '../../plan.ts';
import { unreachable } from '../../unreachable.ts';
import { is16Bit, type KernelProblem } from '../problem.ts';
import { powerOfTwoFrom, RESIDENT_COLUMN, RESIDENT_GRADIENT_COLUMN, SECTION, type TileLayout } from './layout.ts';
import { columnTeam, isCpu, rowTeam, type Team, widestRowTeam, workgroupSize } from './team.ts';

/**
 * A tile that its team keeps in registers, so that its elements are read once. Each member takes `steps` of them in turn:
 * step `member`, `member + width`, ...
 */
export interface Residency {
  readonly team: Team;
  /** Steps of each member, a power of two: few shaders for many sizes. */
  readonly steps: number;
  /** How many of these certainly lie within the tile: the rest is guarded. */
  readonly certain: number;
  /** Whether steps are unrolled, each with registers of its own; else they are an array. */
  readonly unrolled: boolean;
}

/** Rows of up to so many features are read once. */
const RESIDENT_ROW = 8192;

/** `unrolled` is not in the key: on one device it follows from the rest of a shader's key. */
export function residencyKey({ steps, certain }: Residency): string {
  return `${steps}${certain === steps ? 'full' : ''}`;
}

/**
 * The residency of forward and forwardQuantized; null where a row is too long. The widest is 8 steps of 256 invocations; 16 of row pairs,
 * and 16 of 128 where subgroups may be of 4.
 */
export function residencyOf(
  { kind }: TileLayout,
  { size, dtype }: KernelProblem,
  capabilities: Capabilities,
): Residency | null {
  const cpu = isCpu(capabilities);
  // Unrolled, row pairs take a CPU too long to compile.
  const unrolled = cpu ? (kind === 'resident-row-pairs' ? 0 : 8) : 16;
  if (kind === 'columns') {
    if (size > RESIDENT_COLUMN) return null;
    return residency(columnTeam(size, capabilities, is16Bit(dtype)), size, unrolled);
  }
  if ((kind !== 'rows' && kind !== 'resident-row-pairs') || size > RESIDENT_ROW) return null;
  const steps = stepsOf(kind, size);
  const wanted = Math.max(Math.min(4, powerOfTwoFrom(steps)), powerOfTwoFrom(steps / (cpu ? 64 : 8)));
  const width = Math.min(wanted, widestRowTeam(capabilities));
  if (width > capabilities.limits.maxComputeInvocationsPerWorkgroup) return null;
  return residency(rowTeam(width, capabilities), steps, unrolled);
}

/** The residency of backward in a single pass. */
export interface GradientResidency extends Residency {
  /** Whether all teams of a workgroup are in one subgroup. */
  readonly together: boolean;
}

/** Null where a column is too long, or rows share words. Longer rows are kept section by section. */
export function gradientResidencyOf(
  { kind }: TileLayout,
  { size }: KernelProblem,
  capabilities: Capabilities,
): GradientResidency | null {
  if (kind === 'row-pairs' || (kind === 'columns' && size > RESIDENT_GRADIENT_COLUMN)) return null;
  const steps = stepsOf(kind, size);
  const team = kind === 'columns' ? columnTeam(size, capabilities) : gradientRowTeam(steps, capabilities);
  const kept = residency(team, steps, isCpu(capabilities) ? 4 : 16);
  const together = capabilities.subgroups !== null && workgroupSize(team) <= capabilities.subgroups.least;
  // A row's last section may be shorter.
  return { ...kept, ...(kind === 'sections' && size % SECTION > 0 && { certain: 0 }), together };
}

function gradientRowTeam(steps: number, capabilities: Capabilities): Team {
  if (isCpu(capabilities)) {
    if (steps <= 16) return { kind: 'invocation', width: 1, teams: 4 };
    const width = Math.max(4, powerOfTwoFrom(steps / 64));
    return width === 4 ? { kind: 'subgroup', width, teams: 1 } : rowTeam(width, capabilities);
  }
  return rowTeam(Math.min(256, powerOfTwoFrom(steps / 2)), capabilities);
}

/** Steps of a team over its tile. */
function stepsOf(kind: TileLayout['kind'], size: number): number {
  switch (kind) {
    case 'columns':
      return size;
    case 'resident-row-pairs':
      // Two features of both rows at a time.
      return Math.ceil(size / 2);
    case 'sections':
      return SECTION / 4;
    case 'rows':
    case 'row-pairs':
      return Math.ceil(size / 4);
    default:
      return unreachable(kind);
  }
}

function residency(team: Team, tileSteps: number, mostUnrolled: number): Residency {
  const steps = powerOfTwoFrom(tileSteps / team.width);
  const full = tileSteps === team.width * steps;
  return { team, steps, certain: full ? steps : Math.floor(steps / 2), unrolled: steps <= mostUnrolled };
}
