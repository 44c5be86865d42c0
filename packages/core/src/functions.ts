import type { Tensor } from './backend.ts';
import type { Engine } from './engine.ts';
import { runForward, type WeightBuffers } from './forward.ts';
import { engineOf } from './identity.ts';
import { type ResolvedOptions, type RMSNormOptions, resolveOptions } from './options.ts';
import { planFor } from './plan.ts';
import { type ForwardTargets, weightBuffer } from './targets.ts';

/** gamma and beta as tensors of x's backend: float32, any shape with one element for each feature. */
export interface Weights {
  readonly gamma?: Tensor | null | undefined;
  readonly beta?: Tensor | null | undefined;
}

export type RmsNormArguments = Omit<RMSNormOptions, 'affine' | 'bias'> & Weights & ForwardTargets;

/**
 * {@link RMSNorm.forward} as a function: all arguments are tensors of one backend, and nothing is uploaded or kept.
 * @throws RMSNormError INVALID_OPTION, SHAPE, DTYPE, UNSUPPORTED, DISPOSED, FOREIGN_TENSOR, ALIASING, OUT_OF_MEMORY
 */
export function rmsNorm(x: Tensor, { gamma, beta, out, rstd, ...options }: RmsNormArguments): Tensor {
  const engine = engineOf(x);
  const resolved = resolveOptions({ ...options, affine: gamma != null, bias: beta != null });
  const p = planFor(engine, 'forward', resolved, x, { beta: resolved.bias, rstd: rstd !== undefined });
  return runForward(engine, p, x, weightBuffers(engine, { gamma, beta }, resolved), { out, rstd });
}

function weightBuffers<B>(
  engine: Engine<B>,
  { gamma, beta }: Weights,
  { features }: ResolvedOptions,
): WeightBuffers<B> {
  return {
    gamma: gamma ? weightBuffer(engine, gamma, 'gamma', features) : null,
    beta: beta ? weightBuffer(engine, beta, 'beta', features) : null,
  };
}
