import type { Case } from '../../case/case.ts';
import { goldenCases } from './golden.ts';
import { layoutCases } from './layouts.ts';
import { roundingCases } from './rounding.ts';
import { sizeCases } from './sizes.ts';

/**
 * Values: forward is right for every size, number of rows and layout, on rows whose sums are known to go wrong, at ties
 * of the rounding to 16 bits, and on what other programs have recorded.
 */
export const valueCases: readonly Case[] = [...sizeCases, ...roundingCases, ...layoutCases, ...goldenCases];
