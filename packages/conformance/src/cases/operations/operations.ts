import type { Case } from '../../case/case.ts';
import { addForwardCases } from './add-forward.ts';
import { backwardCases } from './backward.ts';
import { operationCallCases } from './calls.ts';
import { operationErrorCases } from './errors.ts';
import { gatedForwardCases } from './gated-forward.ts';
import { operationInvarianceCases } from './invariance.ts';
import { operationIsolationCases } from './isolation.ts';
import { operationFuzzCases } from './properties.ts';
import { quantizedCases } from './quantized.ts';
import { shardedCases } from './sharded.ts';

/** The operations beside forward. */
export const operationCases: readonly Case[] = [
  ...addForwardCases,
  ...gatedForwardCases,
  ...backwardCases,
  ...shardedCases,
  ...quantizedCases,
  ...operationCallCases,
  ...operationInvarianceCases,
  ...operationIsolationCases,
  ...operationErrorCases,
  ...operationFuzzCases,
];
