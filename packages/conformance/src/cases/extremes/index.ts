import type { Case } from '../../case/case.ts';
import { magnitudeCases } from './magnitudes.ts';
import { nonFiniteCases } from './non-finite.ts';
import { extremeOptionCases } from './options.ts';
import { subnormalCases } from './subnormals.ts';

/**
 * Extremes: rows of 1e30 or 1e-30 are as right as rows of 1 (promise 'extremes'), subnormals count ('subnormals'), and
 * zeros, infinities and NaN do what the contract says, in their own row alone ('nonFinite').
 */
export const extremeCases: readonly Case[] = [
  ...magnitudeCases,
  ...subnormalCases,
  ...extremeOptionCases,
  ...nonFiniteCases,
];
