import type { Case } from '../case.ts';
import { addForwardCases } from './add-forward.ts';
import { backwardCases } from './backward.ts';
import { gatedForwardCases } from './gated-forward.ts';
import { quantizedCases } from './quantized.ts';
import { shardedCases } from './sharded.ts';

/** The operations beside forward. */
export const operationCases: readonly Case[] = [
  ...addForwardCases,
  ...gatedForwardCases,
  ...backwardCases,
  ...shardedCases,
  ...quantizedCases,
];
