import type { Problem } from '@rmsnorm/core';
import type { Planner } from '../plan.ts';
import { planBackward } from './backward/plan.ts';
import { planFused, planScaleBy, planSumSquares } from './forward/plan.ts';
import { problemOn } from './problem.ts';
import { planQuantized } from './quantized/plan.ts';
import { ADD_FORWARD, FORWARD, GATE_FIRST, NORM_FIRST } from './wgsl/fusion.ts';

export const forward: Planner<Problem> = (problem, operands, capabilities) =>
  planFused(problemOn(problem, capabilities), FORWARD, operands, capabilities);

export const addForward: Planner<Problem> = (problem, operands, capabilities) =>
  planFused(problemOn(problem, capabilities), ADD_FORWARD, operands, capabilities);

export const gatedForward: Planner<Problem & { readonly normBeforeGate: boolean }> = (
  problem,
  operands,
  capabilities,
) =>
  planFused(problemOn(problem, capabilities), problem.normBeforeGate ? NORM_FIRST : GATE_FIRST, operands, capabilities);

export const sumSquares: Planner<Problem> = (problem, operands, capabilities) =>
  planSumSquares(problemOn(problem, capabilities), operands, capabilities);

export const scaleBy: Planner<Problem & { readonly count: number }> = (problem, operands, capabilities) =>
  planScaleBy(problemOn(problem, capabilities), operands, capabilities);

export const forwardQuantized: Planner<Problem & { readonly scale: number | null }> = (
  problem,
  operands,
  capabilities,
) => planQuantized(problemOn(problem, capabilities), operands, capabilities);

export const backward: Planner<Problem> = (problem, operands, capabilities) =>
  planBackward(problemOn(problem, capabilities), operands, capabilities);

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
