import type { Case } from '../../case/case.ts';
import { applyCases } from './apply.ts';
import { emptyCases } from './empty.ts';
import { firstExampleCase } from './first-example.ts';
import { float16ArrayCase } from './float16-array.ts';
import { forwardMethodCases } from './forward.ts';
import { hostForwardCases } from './host-forward.ts';
import { stateCases } from './states.ts';

/** The class RMSNorm: its methods forward and apply, weights and changes of them, empty tensors. */
export const classCases: readonly Case[] = [
  ...forwardMethodCases,
  ...applyCases,
  ...stateCases,
  firstExampleCase,
  float16ArrayCase,
  ...emptyCases,
  ...hostForwardCases,
];
