import type { Tensor } from './backend.ts';
import type { Op } from './driver.ts';
import type { Engine } from './engine.ts';
import { engineOf } from './identity.ts';
import { type AddForwardResult, type AddForwardTargets, runAddForward } from './operations/add-forward.ts';
import { type BackwardResult, type BackwardTargets, runBackward } from './operations/backward.ts';
import { runForward } from './operations/forward.ts';
import { type QuantizedResult, type QuantizedTargets, runForwardQuantized } from './operations/forward-quantized.ts';
import { runGatedForward } from './operations/gated-forward.ts';
import { refusePartial, runScaleBy, runSumSquares, type ScaleByTargets } from './operations/sharded.ts';
import { type ResolvedOptions, type RMSNormOptions, resolveOptions } from './options.ts';
import { planFor } from './plan.ts';
import type { Problem } from './problem.ts';
import { type ForwardTargets, weightBuffer } from './targets.ts';
import type { WeightBuffers } from './weights.ts';

/** gamma and beta as tensors of x's backend: float32, any shape with one element for each feature. */
export interface Weights {
  readonly gamma?: Tensor | null | undefined;
  readonly beta?: Tensor | null | undefined;
}

/** Options of a function: a gamma or a beta is there where it is given. */
export type FunctionOptions = Omit<RMSNormOptions, 'affine' | 'bias'> & Weights;

export type RmsNormArguments = FunctionOptions & ForwardTargets;

/**
 * {@link RMSNorm.forward} as a function: all arguments are tensors of one backend, and nothing is uploaded or kept.
 * @throws RMSNormError INVALID_OPTION, SHAPE, DTYPE, UNSUPPORTED, DISPOSED, FOREIGN_TENSOR, ALIASING, OUT_OF_MEMORY
 */
export function rmsNorm(x: Tensor, { out, rstd, ...rest }: RmsNormArguments): Tensor {
  const { engine, p, weights } = prepared('forward', x, rest, rstd !== undefined);
  return runForward(engine, p, x, weights, { out, rstd });
}

/** {@link RMSNorm.addForward} as a function. @throws RMSNormError as {@link rmsNorm} */
export function addRmsNorm(
  x: Tensor,
  residual: Tensor,
  { out, rstd, ...rest }: FunctionOptions & AddForwardTargets,
): AddForwardResult {
  const { engine, p, weights } = prepared('addForward', x, rest, rstd !== undefined);
  return runAddForward(engine, p, x, residual, weights, { out, rstd });
}

/** {@link RMSNorm.gatedForward} as a function. @throws RMSNormError as {@link rmsNorm} */
export function gatedRmsNorm(
  x: Tensor,
  gate: Tensor,
  { out, rstd, ...rest }: FunctionOptions & ForwardTargets,
): Tensor {
  const { engine, p, options, weights } = prepared('gatedForward', x, rest, rstd !== undefined);
  const gated = { ...p, normBeforeGate: options.normBeforeGate };
  return runGatedForward(engine, gated, x, gate, weights, { out, rstd });
}

/** {@link RMSNorm.backward} as a function. @throws RMSNormError as {@link rmsNorm} */
export function rmsNormBackward(
  x: Tensor,
  dy: Tensor,
  { rstd, dsum, out, ...rest }: FunctionOptions & BackwardTargets,
): BackwardResult {
  const { engine, p, weights } = prepared('backward', x, rest, rstd !== undefined);
  const shapes = { gammaShape: rest.gamma?.shape ?? null, betaShape: rest.beta?.shape ?? null };
  return runBackward(engine, p, x, dy, { gamma: weights.gamma, ...shapes }, { rstd, dsum, out });
}

/** {@link RMSNorm.sumSquares} as a function. @throws RMSNormError as {@link rmsNorm} */
export function sumSquares(x: Tensor, rest: FunctionOptions): Tensor {
  const { engine, p, options } = prepared('sumSquares', x, rest, false);
  refusePartial(options);
  return runSumSquares(engine, p, x);
}

/** {@link RMSNorm.scaleBy} as a function. @throws RMSNormError as {@link rmsNorm} */
export function scaleBy(
  x: Tensor,
  sums: Tensor,
  count: number,
  { out, ...rest }: FunctionOptions & ScaleByTargets,
): Tensor {
  const { engine, p, options, weights } = prepared('scaleBy', x, rest, false);
  refusePartial(options);
  return runScaleBy(engine, p, x, sums, { count, ownScale: options.ownScale }, weights, { out });
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
  const { engine, p, weights } = prepared('forwardQuantized', x, rest, false);
  return runForwardQuantized(engine, p, x, weights, { scale: quantScale, out });
}

interface Prepared {
  readonly engine: Engine<unknown>;
  readonly p: Problem;
  readonly options: ResolvedOptions;
  readonly weights: WeightBuffers<unknown>;
}

function prepared(op: Op, x: Tensor, { gamma, beta, ...given }: FunctionOptions, rstd: boolean): Prepared {
  const engine = engineOf(x);
  const options = resolveOptions({ ...given, affine: gamma != null, bias: beta != null });
  const p = planFor(engine, op, options, x, { beta: options.bias, rstd });
  const weights = {
    gamma: gamma ? weightBuffer(engine, gamma, 'gamma', options.features) : null,
    beta: beta ? weightBuffer(engine, beta, 'beta', options.features) : null,
  };
  return { engine, p, options, weights };
}
