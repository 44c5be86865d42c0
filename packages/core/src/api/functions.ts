import type { Tensor } from '../backend/backend.ts';
import { type BackendInternals, internalsOf } from '../backend/internals.ts';
import { supportedProblem } from '../backend/supported-problem.ts';
import type { Op } from '../driver/io.ts';
import type { OperationProblem } from '../driver/problem.ts';
import { type AddForwardResult, type AddForwardTargets, runAddForward } from '../operations/add-forward.ts';
import { type BackwardResult, type BackwardTargets, runBackward } from '../operations/backward.ts';
import { type ForwardTargets, runForward } from '../operations/forward.ts';
import { type QuantizedResult, type QuantizedTargets, runForwardQuantized } from '../operations/forward-quantized.ts';
import { runGatedForward } from '../operations/gated-forward.ts';
import { runScaleBy, runSumSquares, type ScaleByTargets } from '../operations/sharded.ts';
import { type WeightBuffers, weightBuffer } from '../operations/weights.ts';
import type { CallValue } from '../options/operation-problem.ts';
import { type RMSNormOptions, resolveOptions } from '../options/options.ts';

/** gamma and beta as tensors of x's backend: float32, any shape with one element for each feature. */
export interface Weights {
  readonly gamma?: Tensor | null | undefined;
  readonly beta?: Tensor | null | undefined;
}

/** Options of a function: there is a gamma, or a beta, if its tensor is given. */
export type FunctionOptions = Omit<RMSNormOptions, 'affine' | 'bias'> & Weights;

export type RmsNormArguments = FunctionOptions & ForwardTargets;

/**
 * {@link RMSNorm.forward} as a function: all arguments are tensors of one backend, and nothing is uploaded or kept.
 * @throws RMSNormError INVALID_OPTION, SHAPE, DTYPE, UNSUPPORTED, DISPOSED, FOREIGN_TENSOR, ALIASING, OUT_OF_MEMORY
 */
export function rmsNorm(x: Tensor, { out, rstd, ...rest }: RmsNormArguments): Tensor {
  const { internals, problem, weights } = prepared('forward', x, rest, rstd !== undefined);
  return runForward(internals, problem, x, weights, { out, rstd });
}

/** {@link RMSNorm.addForward} as a function. @throws RMSNormError as {@link rmsNorm} */
export function addRmsNorm(
  x: Tensor,
  residual: Tensor,
  { out, rstd, ...rest }: FunctionOptions & AddForwardTargets,
): AddForwardResult {
  const { internals, problem, weights } = prepared('addForward', x, rest, rstd !== undefined);
  return runAddForward(internals, problem, x, residual, weights, { out, rstd });
}

/** {@link RMSNorm.gatedForward} as a function. @throws RMSNormError as {@link rmsNorm} */
export function gatedRmsNorm(
  x: Tensor,
  gate: Tensor,
  { out, rstd, ...rest }: FunctionOptions & ForwardTargets,
): Tensor {
  const { internals, problem, weights } = prepared('gatedForward', x, rest, rstd !== undefined);
  return runGatedForward(internals, problem, x, gate, weights, { out, rstd });
}

/** {@link RMSNorm.backward} as a function. @throws RMSNormError as {@link rmsNorm} */
export function rmsNormBackward(
  x: Tensor,
  dy: Tensor,
  { rstd, dsum, out, ...rest }: FunctionOptions & BackwardTargets,
): BackwardResult {
  const { internals, problem, weights } = prepared('backward', x, rest, rstd !== undefined);
  const shapes = { gammaShape: rest.gamma?.shape ?? null, betaShape: rest.beta?.shape ?? null };
  return runBackward(internals, problem, x, dy, { gamma: weights.gamma, ...shapes }, { rstd, dsum, out });
}

/** {@link RMSNorm.sumSquares} as a function. @throws RMSNormError as {@link rmsNorm} */
export function sumSquares(x: Tensor, rest: FunctionOptions): Tensor {
  const { internals, problem } = prepared('sumSquares', x, rest, false);
  return runSumSquares(internals, problem, x);
}

/** {@link RMSNorm.scaleBy} as a function. @throws RMSNormError as {@link rmsNorm} */
export function scaleBy(
  x: Tensor,
  sums: Tensor,
  count: number,
  { out, ...rest }: FunctionOptions & ScaleByTargets,
): Tensor {
  const { internals, problem, weights } = prepared('scaleBy', x, rest, false, count);
  return runScaleBy(internals, problem, x, sums, weights, { out });
}

/**
 * {@link RMSNorm.forwardQuantized} as a function; the fixed scale is called `quantScale` here, where `scale` is the norm's.
 * @throws RMSNormError as {@link rmsNorm}
 */
export function rmsNormQuantized(
  x: Tensor,
  {
    quantScale,
    out,
    ...rest
  }: FunctionOptions & Pick<QuantizedTargets, 'out'> & { readonly quantScale?: number | null | undefined },
): QuantizedResult {
  const { internals, problem, weights } = prepared('forwardQuantized', x, rest, false, quantScale);
  return runForwardQuantized(internals, problem, x, weights, { out });
}

/** What a call needs beside its tensors. */
interface Prepared<P> {
  readonly internals: BackendInternals<unknown>;
  readonly problem: P;
  readonly weights: WeightBuffers<unknown>;
}

function prepared<O extends Op>(
  op: O,
  x: Tensor,
  { gamma, beta, ...rest }: FunctionOptions,
  rstd: boolean,
  value: CallValue = null,
): Prepared<OperationProblem[O]> {
  const internals = internalsOf(x);
  const options = resolveOptions({ ...rest, affine: gamma != null, bias: beta != null });
  const problem = supportedProblem(internals, op, options, x, { beta: options.bias, rstd }, value);
  const weights = {
    gamma: gamma ? weightBuffer(internals, gamma, 'gamma', options.features) : null,
    beta: beta ? weightBuffer(internals, beta, 'beta', options.features) : null,
  };
  return { internals, problem, weights };
}
