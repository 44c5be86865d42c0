import type { Problem } from '@rmsnorm/core';
import type { Planner } from '../dispatch.ts';
import { planBackward } from './backward.ts';
import { planGiven, planNormalization, planSums } from './normalization.ts';
import { ADD_FORWARD, FORWARD, GATE_FIRST, NORM_FIRST } from './operation.ts';
import { planQuantized } from './quantize.ts';

export const forward: Planner<Problem> = (p, operands, capabilities) =>
  planNormalization(p, FORWARD, operands, capabilities);

export const addForward: Planner<Problem> = (p, operands, capabilities) =>
  planNormalization(p, ADD_FORWARD, operands, capabilities);

export const gatedForward: Planner<Problem & { readonly normBeforeGate: boolean }> = (p, operands, capabilities) =>
  planNormalization(p, p.normBeforeGate ? NORM_FIRST : GATE_FIRST, operands, capabilities);

export const sumSquares: Planner<Problem> = planSums;

export const scaleBy: Planner<Problem & { readonly count: number }> = planGiven;

export const forwardQuantized: Planner<Problem & { readonly scale: number | null }> = planQuantized;

export const backward: Planner<Problem> = planBackward;

/** The planners by the names of core's driver interface. */
export const plan: {
  readonly forward: typeof forward;
  readonly addForward: typeof addForward;
  readonly gatedForward: typeof gatedForward;
  readonly sumSquares: typeof sumSquares;
  readonly backward: typeof backward;
  readonly scaleBy: typeof scaleBy;
  readonly forwardQuantized: typeof forwardQuantized;
} = { forward, addForward, gatedForward, backward, sumSquares, scaleBy, forwardQuantized };
