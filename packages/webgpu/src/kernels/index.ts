import type { Planners } from '../plan.ts';
import { planBackward } from './backward/plan.ts';
import { planFused, planScaleBy, planSumSquares } from './forward/plan.ts';
import { problemOn } from './problem.ts';
import { planQuantized } from './quantized/plan.ts';
import { ADD_FORWARD, FORWARD, GATE_FIRST, NORM_FIRST } from './wgsl/fusion.ts';

/** The planners by the names of core's driver interface. */
export const plan: Required<Planners> = {
  forward: (problem, operands, capabilities) =>
    planFused(problemOn(problem, capabilities), FORWARD, operands, capabilities),

  addForward: (problem, operands, capabilities) =>
    planFused(problemOn(problem, capabilities), ADD_FORWARD, operands, capabilities),

  gatedForward: (problem, operands, capabilities) => {
    const fusion = problem.normBeforeGate ? NORM_FIRST : GATE_FIRST;
    return planFused(problemOn(problem, capabilities), fusion, operands, capabilities);
  },

  backward: (problem, operands, capabilities) => planBackward(problemOn(problem, capabilities), operands, capabilities),

  sumSquares: (problem, operands, capabilities) =>
    planSumSquares(problemOn(problem, capabilities), operands, capabilities),

  scaleBy: (problem, operands, capabilities) => planScaleBy(problemOn(problem, capabilities), operands, capabilities),

  forwardQuantized: (problem, operands, capabilities) =>
    planQuantized(problemOn(problem, capabilities), operands, capabilities),
};
