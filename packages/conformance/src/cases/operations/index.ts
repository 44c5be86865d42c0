import type { Case } from '../../case/case.ts';
import { OTHER_OPERATIONS } from '../../operations/all.ts';
import { bothSidesOf } from '../supports/both-sides.ts';
import { addForwardCases } from './add-forward.ts';
import { backwardCases } from './backward/index.ts';
import { methodCases } from './class.ts';
import { emptyOperationCases } from './empty.ts';
import { operationErrorCases } from './errors/index.ts';
import { gatedForwardCases } from './gated-forward.ts';
import { groupedRowCases } from './grouped-rows.ts';
import { operationInvarianceCases } from './invariance.ts';
import { operationIsolationCases } from './isolation/index.ts';
import { operationLeakCases } from './leaks.ts';
import { operationPropertyCases } from './properties.ts';
import { quantizedCases } from './quantized.ts';
import { scaleByCases } from './scale-by.ts';
import { shardCases } from './shards.ts';
import { sharedInputCases } from './shared-inputs.ts';
import { sumSquaresCases } from './sum-squares.ts';

/**
 * The operations other than forward: first what each has of its own, then what is the same for all of them: both sides of
 * `supports`, empty tensors, leaks, the methods of the class, shared inputs, invariance, isolation, errors, properties.
 */
export const operationCases: readonly Case[] = [
  ...addForwardCases,
  ...gatedForwardCases,
  ...backwardCases,
  ...sumSquaresCases,
  ...scaleByCases,
  ...shardCases,
  ...quantizedCases,
  ...groupedRowCases,
  ...OTHER_OPERATIONS.flatMap(bothSidesOf),
  ...emptyOperationCases,
  ...operationLeakCases,
  ...methodCases,
  ...sharedInputCases,
  ...operationInvarianceCases,
  ...operationIsolationCases,
  ...operationErrorCases,
  ...operationPropertyCases,
];
