import type { Plan } from '../../plan.ts';
import { COMPONENTS } from '../planning/access.ts';
import {
  bySections,
  powerOfTwoFrom,
  residentPairs,
  SECTION,
  type TileLayout,
  tileLayoutOf,
} from '../planning/layout.ts';
import { type GradientResidency, gradientResidencyOf } from '../planning/residency.ts';
import type { SlabRange } from '../planning/slabs.ts';
import type { KernelProblem } from '../problem.ts';
import { type LaunchOf, SlabPlan } from '../slab-plan.ts';
import { bound, reads, weightArray, writes } from '../wgsl/bindings.ts';
import { SECTION_BYTES, SECTIONS } from '../wgsl/sections.ts';
import { GRADIENT_UNIFORMS, type GradientCall, gradientBuffers, gradientBytes } from './gradient.ts';
import { sectionSums } from './section-shaders.ts';
import { type SinglePassKernel, singlePassShader } from './single-pass-shader.ts';
import { singlePassTotals } from './single-pass-totals.ts';
import { sumsOfPairsApart } from './weight-sums.ts';

/** Tiles of a team, at least, where there are as many: its sums are written once for all of them. */
const TILES = 4;
/** Workgroups that keep a device busy. */
const BUSY = 1024;

/**
 * x and dy are read once. A workgroup goes from tile to tile, and sums up dgamma and dbeta on its way. Another dispatch adds
 * up the sums of the workgroups, in an order that depends on the shape alone. Rows too long for registers are taken section
 * by section, and a first dispatch writes the sums of the sections. Null where a column is too long for registers, or rows
 * share words.
 */
export function planSinglePass(call: GradientCall): Plan | null {
  const { problem, capabilities } = call;
  const layout = layoutOfGradient(problem);
  const widest = layout && gradientResidencyOf(layout, problem, capabilities);
  if (!layout || !widest) return null;

  const wide = layout.kind === 'sections';
  const sections = wide ? Math.ceil(problem.size / SECTION) : 1;
  const bytes = { ...gradientBytes(problem), ...(wide && { sections: sections * SECTION_BYTES }) };
  const plan = new SlabPlan(problem, capabilities, bytes, { ...GRADIENT_UNIFORMS, sections });

  const tiles = tilesOfGroup(problem, layout, plan.ranges[0]!);
  const residency = problem.groups > 1 ? withTeamsFor(tiles, widest) : widest;
  const kernel = kernelOf(call, layout, residency);
  const split = chunksOf(problem, tiles, residency, sections);
  const shader = singlePassShader(kernel);
  const gradient: LaunchOf = (_, index) => ({
    shader,
    buffers: kernel.buffers,
    workgroups: split.chunks * groupsOf(problem, layout) * sections,
    uniforms: { ...split, firstChunk: index * split.chunks },
  });
  const launches = wide ? [sectionSums(call, layout, sections), gradient] : [gradient];
  const { scratch, dispatches } = plan.plan(launches, [SECTIONS.name]);

  const sums = [...(call.dgamma ? ['dgamma'] : []), ...(call.dbeta ? ['dbeta'] : [])];
  if (sums.length === 0) return { scratch, dispatches };
  // Where rows of a pair have sums of their own, each feature has two.
  const twice = sumsOfPairsApart(kernel) && problem.groups % 2 === 1;
  const chunks = plan.ranges.length * split.chunks * (twice ? 2 : 1);
  const weightSums = { name: 'weight_sums', bytes: chunks * sums.length * problem.groups * problem.size * 4 };
  return {
    scratch: [...scratch, weightSums],
    dispatches: [...dispatches, singlePassTotals(problem, sums, chunks, capabilities)],
  };
}

/** By sections, where a row is too long for registers. */
function layoutOfGradient(problem: KernelProblem): TileLayout | null {
  const layout = tileLayoutOf(problem);
  if (layout?.kind === 'row-pairs' && problem.size <= SECTION) return residentPairs(layout);
  return layout?.kind === 'rows' && problem.size > SECTION ? bySections(layout) : layout;
}

function kernelOf(call: GradientCall, layout: TileLayout, residency: GradientResidency): SinglePassKernel {
  const { problem, operands, rstdGiven, dgamma, dbeta } = call;
  const buffers = bound(
    [
      ...gradientBuffers(call, layout.access),
      ...(rstdGiven ? [reads('rstd')] : []),
      ...(layout.kind === 'sections' ? [SECTIONS] : []),
      ...(dgamma || dbeta ? [writes('weight_sums', weightArray(layout.access, problem.inner))] : []),
    ],
    operands,
  );
  return { ...call, layout, team: residency.team, residency, buffers };
}

/**
 * How many groups of features have workgroups of their own. With an even number of groups, row pairs always have the same
 * two of them, and these count as one.
 */
function groupsOf({ groups }: KernelProblem, { kind }: TileLayout): number {
  return kind === 'resident-row-pairs' && groups % 2 === 0 ? groups / 2 : groups;
}

/** Tiles of one group of features, or of the two of row pairs. */
function tilesOfGroup(problem: KernelProblem, layout: TileLayout, { count }: SlabRange): number {
  const { kind, access } = layout;
  const groups = groupsOf(problem, layout);
  if (kind === 'resident-row-pairs') return Math.ceil(Math.ceil(count / 2) / groups);
  return Math.ceil(count / groups) * (kind === 'columns' ? problem.inner / COMPONENTS[access] : 1);
}

/** Where groups are many and rows few, no more teams than tiles: a workgroup has one group's. */
function withTeamsFor(tiles: number, residency: GradientResidency): GradientResidency {
  const { team, together } = residency;
  if (together || team.teams <= tiles || team.kind === 'workgroup') return residency;
  const teams = powerOfTwoFrom(tiles);
  const fewer = team.kind === 'shared' && team.stride > 1 ? { ...team, teams, stride: teams } : { ...team, teams };
  return { ...residency, team: fewer };
}

/** How many `chunks` the tiles of a group are split into, and how many tiles of each are a team's. */
function chunksOf(
  { groups }: KernelProblem,
  tiles: number,
  { team }: GradientResidency,
  sections: number,
): { chunks: number; chunkTiles: number } {
  const most = Math.max(1, Math.ceil(BUSY / (groups * sections)));
  const wanted = Math.min(most, Math.ceil(tiles / (team.teams * TILES)));
  const chunkTiles = Math.ceil(tiles / (team.teams * wanted));
  return { chunkTiles, chunks: Math.ceil(tiles / (team.teams * chunkTiles)) };
}
