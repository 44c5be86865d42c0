import type { Case } from '../../../case/case.ts';
import { BACKWARD } from '../../../operations/backward.ts';
import { optionCases, shapeCases } from '../families.ts';
import { clampCases } from './clamp.ts';
import { backwardExtremeCases } from './extremes.ts';
import { finiteDifferenceCases } from './finite-differences.ts';
import { givenRstdCases } from './given-rstd.ts';
import { manyRowCases } from './many-rows.ts';
import { backwardNonFiniteCases } from './non-finite.ts';
import { backwardPropertyCases } from './properties.ts';
import { backwardTrapCases } from './traps.ts';

const backwardOptionCases: readonly Case[] = [
  ...optionCases(BACKWARD, { parameters: { rstd: 'recomputed' } }),
  ...optionCases(BACKWARD, { parameters: { rstd: 'given' }, extra: { rstd: true } }),
  ...optionCases(BACKWARD, { parameters: { dsum: 'given' }, extra: { dsum: true } }, (name) => !name.includes('llama')),
];

/** backward: gradients in every layout and option, statistics that are given, sums over many rows, extremes. */
export const backwardCases: readonly Case[] = [
  ...shapeCases(BACKWARD),
  ...backwardOptionCases,
  ...givenRstdCases,
  ...manyRowCases,
  ...backwardTrapCases,
  ...backwardExtremeCases,
  ...backwardNonFiniteCases,
  ...clampCases,
  ...finiteDifferenceCases,
  ...backwardPropertyCases,
];
