import type { Case } from '../case.ts';
import { addForwardCases } from './add-forward.ts';
import { backwardCases } from './backward.ts';
import { gatedForwardCases } from './gated-forward.ts';
import { operationCallCases } from './operation-calls.ts';
import { operationErrorCases } from './operation-errors.ts';
import { operationFuzzCases } from './operation-fuzz.ts';
import { operationInvarianceCases } from './operation-invariance.ts';
import { operationIsolationCases } from './operation-isolation.ts';
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
