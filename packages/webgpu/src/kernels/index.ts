import type { Problem } from '@rmsnorm/core';
import type { Planner } from '../dispatch.ts';
import { planNormalization } from './normalization.ts';
import { ADD_FORWARD, FORWARD, GATE_FIRST, NORM_FIRST } from './operation.ts';

export const forward: Planner<Problem> = (p, operands, capabilities) =>
  planNormalization(p, FORWARD, operands, capabilities);

export const addForward: Planner<Problem> = (p, operands, capabilities) =>
  planNormalization(p, ADD_FORWARD, operands, capabilities);

export const gatedForward: Planner<Problem & { readonly normBeforeGate: boolean }> = (p, operands, capabilities) =>
  planNormalization(p, p.normBeforeGate ? NORM_FIRST : GATE_FIRST, operands, capabilities);

/** The planners by the names of core's driver interface. */
export const plan: {
  readonly forward: typeof forward;
  readonly addForward: typeof addForward;
  readonly gatedForward: typeof gatedForward;
} = { forward, addForward, gatedForward };
