import type { Case } from '../../case/case.ts';
import { presetCases } from './presets.ts';
import { dominatedCases, variantCases } from './variants.ts';

/** Options: each of them alone, those that meet in a kernel together, and the presets. */
export const optionCases: readonly Case[] = [...variantCases, ...presetCases, ...dominatedCases];
