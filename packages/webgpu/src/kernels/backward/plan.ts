import type { Capabilities, Operands, Plan } from '../../plan.ts';
import type { KernelProblem } from '../problem.ts';
import { gradientCall } from './gradient.ts';
import { planMultiPass } from './multi-pass.ts';
import { planSinglePass } from './single-pass.ts';

// With n = x * rstd and g = dy * w:
//
//     dx = alpha * rstd * (g - n * mean(g n)) + dsum    the mean over statSize; its term only within the statistic
//     dgamma = sum over rows of dy * alpha * n          dbeta = sum over rows of dy
//
// Neither x^2 nor g x nor rstd^3 needs to fit into float32. These kernels work with rstd, which is the r of their Statistic;
// alpha is multiplied in at the end (scaledAndAdded).

export function planBackward(problem: KernelProblem, operands: Operands, capabilities: Capabilities): Plan {
  const call = gradientCall(problem, operands, capabilities);
  return planSinglePass(call) ?? planMultiPass(call);
}
