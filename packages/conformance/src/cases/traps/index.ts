import type { Case } from '../../case/case.ts';
import { EPS_TRAPS } from './eps.ts';
import { FORMULA_TRAPS } from './formula.ts';
import { LAYOUT_TRAPS } from './layout.ts';
import { originalCases } from './originals.ts';
import { PRECISION_TRAPS } from './precision.ts';
import { trapCasesOf } from './trap.ts';

/** Traps: where known implementations of forward disagree or fail. Other operations have traps in files of their own. */
export const trapCases: readonly Case[] = [
  ...trapCasesOf({ ...EPS_TRAPS, ...PRECISION_TRAPS, ...LAYOUT_TRAPS, ...FORMULA_TRAPS }),
  ...originalCases,
];
