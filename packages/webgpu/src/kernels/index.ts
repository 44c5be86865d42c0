import type { Problem } from '@rmsnorm/core';
import type { Planner } from '../plan.ts';
import { planBackward } from './backward/single-pass.ts';
import { planGiven, planNormalization, planSums } from './forward/plan.ts';
import { problemOn } from './problem.ts';
import { planQuantized } from './quantized/plan.ts';
import { ADD_FORWARD, FORWARD, GATE_FIRST, NORM_FIRST } from './wgsl/fusion.ts';

export const forward: Planner<Problem> = (p, operands, capabilities) =>
  planNormalization(problemOn(p, capabilities), FORWARD, operands, capabilities);

export const addForward: Planner<Problem> = (p, operands, capabilities) =>
  planNormalization(problemOn(p, capabilities), ADD_FORWARD, operands, capabilities);

export const gatedForward: Planner<Problem & { readonly normBeforeGate: boolean }> = (p, operands, capabilities) =>
  planNormalization(problemOn(p, capabilities), p.normBeforeGate ? NORM_FIRST : GATE_FIRST, operands, capabilities);

export const sumSquares: Planner<Problem> = (p, operands, capabilities) =>
  planSums(problemOn(p, capabilities), operands, capabilities);

export const scaleBy: Planner<Problem & { readonly count: number }> = (p, operands, capabilities) =>
  planGiven(problemOn(p, capabilities), operands, capabilities);

export const forwardQuantized: Planner<Problem & { readonly scale: number | null }> = (p, operands, capabilities) =>
  planQuantized(problemOn(p, capabilities), operands, capabilities);

export const backward: Planner<Problem> = (p, operands, capabilities) =>
  planBackward(problemOn(p, capabilities), operands, capabilities);

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
