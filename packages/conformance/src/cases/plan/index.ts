import type { Case } from '../../case/case.ts';
import type { Depth } from '../../case/depth.ts';
import { abortCases } from './aborts.ts';
import { creationsAtOnceCases } from './creations.ts';
import { gatedPairCases } from './gated-pairs.ts';
import { gridCases } from './grid.ts';
import { ringCases } from './ring.ts';
import { sumCases } from './sums.ts';
import { planCases } from './table.ts';
import { transferCases } from './transfers.ts';
import { wideRowCases } from './wide-rows.ts';

/**
 * What follows from the plan (src/plan): its table of calls, and what needs more than one call or very large ones. Not a
 * constant, as the table of a thorough run takes a second to make.
 */
export function plannedCases(depth: Depth): readonly Case[] {
  return [
    ...planCases(depth),
    ...ringCases,
    ...gridCases,
    ...sumCases,
    ...gatedPairCases,
    ...wideRowCases,
    ...transferCases,
    ...abortCases,
    ...creationsAtOnceCases,
  ];
}
