import type { Dispatch, Plan } from '../../plan.ts';
import { bySections, readingLayoutOf, sectionsIn } from '../planning/layout.ts';
import { type LaunchOf, SlabPlan } from '../slab-plan.ts';
import { SECTION_BYTES, SECTIONS } from '../wgsl/sections.ts';
import { blocksShareNoWord, gradientBlocks } from './block-shader.ts';
import { dxByElements } from './dx-shader.ts';
import {
  GRADIENT_UNIFORMS,
  type GradientCall,
  gradientBytes,
  ROW_STATISTICS,
  ROW_STATISTICS_BYTES,
} from './gradient.ts';
import { multiPassTotals, PARTIAL_SUMS, PARTIAL_SUMS_BYTES } from './multi-pass-totals.ts';
import { partialSums } from './partial-sums-shader.ts';
import { sectionSums, statisticsFromSections } from './section-shaders.ts';
import { statisticsFromElements } from './statistics-shader.ts';

/**
 * For rows that share words with each other, and columns too long for registers. The first dispatches write r and the mean
 * of every row. Then, where blocks of features share no words, one writes dx and the sums for dgamma and dbeta, block by
 * block. Else one writes partial sums of dgamma and dbeta, before the next, which writes dx, may overwrite x or dy. The last
 * adds up partial sums, in an order that depends on the shape alone.
 */
export function planMultiPass(call: GradientCall): Plan {
  const { problem, capabilities, dgamma, dbeta } = call;
  const sections = sectionsIn(problem);
  const bytes = {
    ...gradientBytes(problem),
    statistics: problem.inner * ROW_STATISTICS_BYTES,
    ...(sections > 1 && { sections: sections * SECTION_BYTES }),
  };
  const plan = new SlabPlan(problem, capabilities, bytes, { ...GRADIENT_UNIFORMS, sections });
  const withStatistics = (...launches: LaunchOf[]): Plan =>
    plan.plan([...statisticsOf(call, sections), ...launches], [ROW_STATISTICS.name, SECTIONS.name]);

  if (!dgamma && !dbeta) return withStatistics(dxByElements(call));
  if (blocksShareNoWord(problem)) {
    const { launch, chunks } = gradientBlocks(call, plan.ranges);
    const all = withStatistics(launch);
    return chunks === 1 ? all : withTotals(all, call, chunks);
  }
  const { launch, chunks } = partialSums(call, plan.ranges);
  return withTotals(withStatistics(launch, dxByElements(call)), call, chunks);
}

/** Of rows that are split the sums of each section, then those of all of a row. */
function statisticsOf(call: GradientCall, sections: number): LaunchOf[] {
  if (sections === 1) return [statisticsFromElements(call)];
  const layout = readingLayoutOf(call.problem);
  return [sectionSums(call, bySections(layout), sections), statisticsFromSections(call, layout)];
}

function withTotals({ scratch, dispatches }: Plan, call: GradientCall, chunks: number): Plan {
  const { groups, size } = call.problem;
  const totals: Dispatch = multiPassTotals(call, chunks);
  return {
    scratch: [...scratch, { name: PARTIAL_SUMS.name, bytes: chunks * groups * size * PARTIAL_SUMS_BYTES }],
    dispatches: [...dispatches, totals],
  };
}
