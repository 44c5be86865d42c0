import type { Capabilities, Operands, Plan } from '../../plan.ts';
import type { KernelProblem } from '../problem.ts';
import { gradientCall } from './gradient.ts';
import { planMultiPass } from './multi-pass.ts';
import { planSinglePass } from './single-pass.ts';

// With s = rstd, n = x * s and g = dy * w:
//
//     dx = alpha * s * (g - n * mean(g n)) + dsum       the mean over statSize, and n within the statistic alone
//     dgamma = sum over rows of dy * alpha * n          dbeta = sum over rows of dy
//
// Neither x^2 nor g x nor s^3 needs to fit into float32. r in these kernels is rstd: alpha is multiplied by afterwards.

export function planBackward(problem: KernelProblem, operands: Operands, capabilities: Capabilities): Plan {
  const call = gradientCall(problem, operands, capabilities);
  return planSinglePass(call) ?? planMultiPass(call);
}
