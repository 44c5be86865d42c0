import type { Capabilities, Operands, Plan } from '../../plan.ts';
import { bySections, readingLayoutOf, residentPairs, sectionsIn, tileLayoutOf } from '../planning/layout.ts';
import { residencyOf } from '../planning/residency.ts';
import type { KernelProblem } from '../problem.ts';
import { bytesPerSlab, type LaunchOf, SlabPlan } from '../slab-plan.ts';
import { FORWARD, type Fusion } from '../wgsl/fusion.ts';
import { SECTION_BYTES } from '../wgsl/sections.ts';
import { elementwiseLaunch, type FusedCall, fusedCall, loopLaunch, residentLaunch } from './launches.ts';

/** y of forward, addForward and both orders of gatedForward. */
export function planFused(
  problem: KernelProblem,
  fusion: Fusion,
  operands: Operands,
  capabilities: Capabilities,
): Plan {
  const call = fusedCall(problem, fusion, operands, capabilities);
  const layout = tileLayoutOf(problem);
  const resident = layout?.kind === 'row-pairs' ? residentPairs(layout) : layout;
  const residency = resident && residencyOf(resident, problem, capabilities);
  if (resident && residency) return planOf(call, [residentLaunch(call, resident, residency)]);

  const reading = readingLayoutOf(problem);
  if (sectionsIn(problem) > 1) {
    const sums = loopLaunch(call, bySections(reading), { from: 'elements', to: 'section' });
    if (layout?.kind === 'rows') {
      return planOf(call, [sums, loopLaunch(call, bySections(layout), { from: 'sections', to: 'y' })]);
    }
    // Sections of rows that share words cannot write y: two workgroups would write one word.
    return planOf(call, [sums, loopLaunch(call, reading, { from: 'sections', to: 'r' }), elementwiseLaunch(call)]);
  }
  if (layout) return planOf(call, [loopLaunch(call, layout, { from: 'elements', to: 'y' })]);
  return planOf(call, [loopLaunch(call, reading, { from: 'elements', to: 'r' }), elementwiseLaunch(call)]);
}

/** The sums of squares alone. */
export function planSumSquares(problem: KernelProblem, operands: Operands, capabilities: Capabilities): Plan {
  const call = fusedCall(problem, FORWARD, operands, capabilities);
  const layout = readingLayoutOf(problem);
  if (sectionsIn(problem) === 1) return planOf(call, [loopLaunch(call, layout, { from: 'elements', to: 'sums' })]);
  return planOf(call, [
    loopLaunch(call, bySections(layout), { from: 'elements', to: 'section' }),
    loopLaunch(call, layout, { from: 'sections', to: 'sums' }),
  ]);
}

/** y by sums that are given, over `count` features each. */
export function planScaleBy(
  problem: KernelProblem & { readonly count: number },
  operands: Operands,
  capabilities: Capabilities,
): Plan {
  const call = fusedCall(problem, FORWARD, operands, capabilities);
  const { count } = problem;
  const layout = tileLayoutOf(problem);
  const wide = sectionsIn(problem) > 1;
  if (layout && (layout.kind === 'rows' || !wide)) {
    const tiles = wide ? bySections(layout) : layout;
    return planOf(call, [loopLaunch(call, tiles, { from: 'sums', to: 'y' }, { count })]);
  }
  const r = loopLaunch(call, readingLayoutOf(problem), { from: 'sums', to: 'r' }, { count });
  return planOf(call, [r, elementwiseLaunch(call)]);
}

function planOf(call: FusedCall, launches: readonly LaunchOf[]): Plan {
  const { problem, fusion, operands, capabilities } = call;
  const sections = sectionsIn(problem);
  const layout = tileLayoutOf(problem);
  const elementwise = layout === null || (sections > 1 && layout.kind !== 'rows');
  const perRow = ['rstd', 'sums'].filter((name) => operands.present.has(name));
  const bytes = {
    ...bytesPerSlab(
      problem,
      [...fusion.inputs, ...fusion.outputs],
      [...perRow, ...(elementwise ? ['r', 'exponents'] : [])],
    ),
    ...(sections > 1 && { sections: sections * SECTION_BYTES }),
  };
  return new SlabPlan(problem, capabilities, bytes, { sections }).plan(launches, ['r', 'exponents', 'sections']);
}
