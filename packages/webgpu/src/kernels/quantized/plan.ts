import type { Capabilities, Operands, Plan } from '../../plan.ts';
import { R_BUFFERS } from '../forward/elementwise-shader.ts';
import { fusedCall, loopLaunch } from '../forward/launches.ts';
import { bySections, readingLayoutOf, sectionsIn, type TileLayout, tilesOf } from '../planning/layout.ts';
import { type Residency, residencyOf } from '../planning/residency.ts';
import { sectionTeam } from '../planning/team.ts';
import type { KernelProblem } from '../problem.ts';
import { bytesPerSlab, type LaunchOf, SlabPlan } from '../slab-plan.ts';
import { bound, reads, type ShaderBuffer, writes, written } from '../wgsl/bindings.ts';
import { type Affine, affineOf, FORWARD, fusedBuffers } from '../wgsl/fusion.ts';
import { SECTION_BYTES, SECTIONS } from '../wgsl/sections.ts';
import { groupsAtOnce, loopQuantizedShader, quantizedTeam } from './loop-shader.ts';
import { quantizedArray } from './quantize.ts';
import { residentQuantizedShader } from './resident-shader.ts';
import { type SectionsQuantizedKernel, sectionsQuantizedShader } from './sections-shader.ts';

type QuantizedProblem = KernelProblem & { readonly scale: number | null };

/** What all kernels of a call are made from. */
interface QuantizedCall {
  readonly problem: QuantizedProblem;
  readonly operands: Operands;
  readonly capabilities: Capabilities;
  readonly layout: TileLayout;
  readonly affine: Affine;
  readonly scaleGiven: boolean;
}

/** The largest |y| of every section, as bits. */
const LARGEST_OF_SECTIONS = reads('largest_of_sections', 'array<u32>');

/**
 * forwardQuantized takes one dispatch: in registers, where a row fits and has a scale of its own, else in loops. Rows that
 * are split over workgroups take three: the sums of the sections; the largest |y| of each, unless a scale is given; q.
 */
export function planQuantized(problem: QuantizedProblem, operands: Operands, capabilities: Capabilities): Plan {
  const affine = affineOf(problem, operands.present);
  const layout = readingLayoutOf(problem);
  const sections = sectionsIn(problem);
  const scaleGiven = problem.scale !== null;
  const call: QuantizedCall = { problem, operands, capabilities, layout, affine, scaleGiven };
  const bytes = {
    ...bytesPerSlab(problem, ['x'], ['r', 'exponents']),
    q: problem.size * problem.inner,
    scales: (problem.inner * 4) / problem.groups,
    ...(sections > 1 && { sections: sections * SECTION_BYTES, [LARGEST_OF_SECTIONS.name]: sections * 4 }),
  };
  const uniforms = { givenScale: problem.scale ?? 0, sections };
  const plan = new SlabPlan(problem, capabilities, bytes, uniforms, problem.groups);

  const residency = problem.groups === 1 ? residencyOf(layout, problem, capabilities) : null;
  if (residency) return plan.plan([residentLaunch(call, residency)], []);
  if (sections === 1)
    return plan.plan(
      [tilesInLoops(call)],
      R_BUFFERS.map(({ name }) => name),
    );
  const forward = fusedCall(problem, FORWARD, operands, capabilities);
  const sums = loopLaunch(forward, bySections(layout), { from: 'elements', to: 'section' });
  const rest = scaleGiven ? [sectionLaunch(call, 'q')] : [sectionLaunch(call, 'largest'), sectionLaunch(call, 'q')];
  return plan.plan([sums, ...rest], [SECTIONS.name, LARGEST_OF_SECTIONS.name]);
}

function residentLaunch(call: QuantizedCall, residency: Residency): LaunchOf {
  const { problem, layout } = call;
  const { team } = residency;
  const buffers = [...inputs(call), ...results(layout)];
  const shader = residentQuantizedShader({ ...call, team, residency, buffers });
  return ({ count }) => ({
    shader,
    buffers,
    workgroups: Math.ceil(tilesOf(layout, count * problem.inner) / team.teams),
  });
}

function tilesInLoops(call: QuantizedCall): LaunchOf {
  const { problem, layout, capabilities, scaleGiven } = call;
  const team = quantizedTeam(problem, layout, capabilities);
  const single = problem.groups <= groupsAtOnce(layout, team);
  const kept = scaleGiven || single ? [] : R_BUFFERS.map(written);
  const buffers = [...inputs(call), ...results(layout), ...kept];
  const shader = loopQuantizedShader({ ...call, team, single, buffers });
  return ({ count }) => {
    const positions = (count / problem.groups) * problem.inner;
    const workgroups = layout.kind === 'columns' ? Math.ceil(tilesOf(layout, positions) / team.teams) : positions;
    return { shader, buffers, workgroups };
  };
}

function sectionLaunch(call: QuantizedCall, finds: SectionsQuantizedKernel['finds']): LaunchOf {
  const layout = bySections(call.layout);
  const team = sectionTeam(call.capabilities);
  const largest = finds === 'largest' ? [written(LARGEST_OF_SECTIONS)] : call.scaleGiven ? [] : [LARGEST_OF_SECTIONS];
  const buffers = [...inputs(call), SECTIONS, ...largest, ...(finds === 'q' ? results(layout) : [])];
  const shader = sectionsQuantizedShader({ ...call, layout, team, finds, buffers });
  return ({ count }) => ({ shader, buffers, workgroups: count * sectionsIn(call.problem) });
}

function inputs({ problem, operands, affine, layout }: QuantizedCall): ShaderBuffer[] {
  return bound(fusedBuffers({ inputs: ['x'], outputs: [] }, affine, problem, layout.access), operands);
}

function results(layout: TileLayout): ShaderBuffer[] {
  return [writes('scales'), writes('q', quantizedArray(layout))];
}
