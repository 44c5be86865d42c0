import type { Op } from '@rmsnorm/core';
import { ADD_FORWARD } from './add-forward.ts';
import { BACKWARD } from './backward.ts';
import { FORWARD } from './forward.ts';
import { GATED_FORWARD } from './gated-forward.ts';
import type { OperationModel } from './operation-model.ts';
import { FORWARD_QUANTIZED } from './quantized.ts';
import { SCALE_BY, SUM_SQUARES } from './sharded.ts';

/** An operation whose spec is not known by its type: for what treats all of them alike. */
export type AnyOperation = OperationModel<never>;

/**
 * The suite's own list of the operations, kept apart from core's table on purpose: an error in that table would otherwise
 * be expected of backends, and what it leaves out be tested in none. An operation that core gains does not compile here.
 */
export const OPERATIONS: Readonly<Record<Op, AnyOperation>> = {
  forward: FORWARD,
  addForward: ADD_FORWARD,
  gatedForward: GATED_FORWARD,
  backward: BACKWARD,
  sumSquares: SUM_SQUARES,
  scaleBy: SCALE_BY,
  forwardQuantized: FORWARD_QUANTIZED,
};

/** The operations other than forward, which has cases of its own for what they have in common. */
export const OTHER_OPERATIONS: readonly AnyOperation[] = Object.values(OPERATIONS).filter(({ op }) => op !== 'forward');
