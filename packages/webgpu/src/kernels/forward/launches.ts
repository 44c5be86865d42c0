import type { Capabilities, Operands } from '../../plan.ts';
import { unreachable } from '../../unreachable.ts';
import { sectionsIn, type TileLayout, tilesOf } from '../planning/layout.ts';
import type { Residency } from '../planning/residency.ts';
import { loopTeam, rowTeam, sectionTeam } from '../planning/team.ts';
import type { KernelProblem } from '../problem.ts';
import type { LaunchOf } from '../slab-plan.ts';
import { bound, reads, type ShaderBuffer, writes, written } from '../wgsl/bindings.ts';
import { type Affine, affineOf, type BufferOf, type Fusion, fusedBuffers, NOT_AFFINE } from '../wgsl/fusion.ts';
import type { Uniforms } from '../wgsl/parameters.ts';
import { HIGHEST_OF_SECTION, SECTIONS } from '../wgsl/sections.ts';
import { elementwiseShader, elementwiseWorkgroups, R_BUFFERS } from './elementwise-shader.ts';
import { loopShader, type Pass } from './loop-shader.ts';
import { residentShader } from './resident-shader.ts';

/** What all kernels of a call are made from. */
export interface FusedCall {
  readonly problem: KernelProblem;
  readonly fusion: Fusion;
  readonly affine: Affine;
  readonly operands: Operands;
  readonly capabilities: Capabilities;
  readonly bufferOf: BufferOf;
}

export function fusedCall(
  problem: KernelProblem,
  fusion: Fusion,
  operands: Operands,
  capabilities: Capabilities,
): FusedCall {
  const affine = affineOf(problem, operands.present);
  return { problem, fusion, affine, operands, capabilities, bufferOf: (name) => operands.inPlace[name] ?? name };
}

/** Tiles in registers. */
export function residentLaunch(call: FusedCall, layout: TileLayout, residency: Residency): LaunchOf {
  const { problem, operands } = call;
  const { team } = residency;
  const buffers = buffersOf(call, layout, { from: 'elements', to: 'y' });
  const rstd = operands.present.has('rstd');
  const shader = residentShader({ ...call, layout, team, residency, rstd, buffers });
  return ({ count }) => ({
    shader,
    buffers,
    workgroups: Math.ceil(tilesOf(layout, count * problem.inner) / team.teams),
  });
}

/** Tiles in loops. */
export function loopLaunch(call: FusedCall, layout: TileLayout, pass: Pass, uniforms: Uniforms = {}): LaunchOf {
  const { problem, capabilities } = call;
  const sections = layout.kind === 'sections';
  // Without a loop over elements, one invocation does a whole row.
  const alone = pass.from !== 'elements' && pass.to !== 'y';
  const team = alone
    ? rowTeam(1, capabilities)
    : sections
      ? sectionTeam(capabilities)
      : loopTeam(layout, problem, capabilities);
  const buffers = buffersOf(call, layout, pass);
  const rstd = buffers.some(({ name }) => name === 'rstd');
  const shader = loopShader({ ...call, layout, team, rstd, pass, buffers });
  const rowsOfSlab = problem.inner * (sections ? sectionsIn(problem) : 1);
  return ({ count }) => ({
    shader,
    buffers,
    workgroups: Math.ceil(tilesOf(layout, count * rowsOfSlab) / team.teams),
    uniforms: pass.to === 'section' ? { ...uniforms, highestPlain: HIGHEST_OF_SECTION } : uniforms,
  });
}

/** The result, where r of every row is there. */
export function elementwiseLaunch(call: FusedCall): LaunchOf {
  const { problem, fusion, affine, operands } = call;
  const buffers = bound([...fusedBuffers(fusion, affine, problem, 'ragged'), ...R_BUFFERS], operands);
  const shader = elementwiseShader({ ...call, buffers });
  return ({ count }) => ({
    shader,
    buffers,
    workgroups: elementwiseWorkgroups(count * problem.size * problem.inner),
  });
}

/** The bound buffers: first tensors laid out as x, then gamma and beta, then those with numbers for each row. */
function buffersOf(
  { problem, fusion, affine, operands }: FusedCall,
  { access }: TileLayout,
  pass: Pass,
): ShaderBuffer[] {
  const elements =
    pass.to === 'y'
      ? fusedBuffers(fusion, affine, problem, access)
      : pass.from === 'elements'
        ? fusedBuffers({ inputs: fusion.normalized, outputs: [] }, NOT_AFFINE, problem, access)
        : [];
  const rstd = operands.present.has('rstd') && (pass.to === 'y' || pass.to === 'r') ? [writes('rstd')] : [];
  return bound([...elements, ...givenTo(pass), ...rstd, ...resultsOf(pass)], operands);
}

function givenTo({ from }: Pass): ShaderBuffer[] {
  switch (from) {
    case 'elements':
      return [];
    case 'sums':
      return [reads('sums')];
    case 'sections':
      return [SECTIONS];
    default:
      return unreachable(from);
  }
}

function resultsOf({ to }: Pass): ShaderBuffer[] {
  switch (to) {
    case 'y':
      return [];
    case 'r':
      return R_BUFFERS.map(written);
    case 'sums':
      return [writes('sums')];
    case 'section':
      return [written(SECTIONS)];
    default:
      return unreachable(to);
  }
}
