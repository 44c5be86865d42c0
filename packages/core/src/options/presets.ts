import type { Casting } from '../driver/problem.ts';
import type { RMSNormOptions } from './options.ts';

/** Options that reproduce the numbers of known libraries. */
export interface Presets {
  /**
   * The implementation this project starts from: gamma and axis -2 of (batch, groups, dim, n), x / norm2(x) times
   * `dim ** -0.5`, so that a row has RMS 1 / dim.
   */
  zeta(dim: number, groups?: number): RMSNormOptions;
  /** `torch.nn.RMSNorm(normalized_shape)`, where eps `None` is float32's machine epsilon for every dtype. */
  torch(normalizedShape: number | readonly number[], eps?: number): RMSNormOptions;
  /** ONNX `RMSNormalization`: `dims` are the lengths of x from `axis` on; `axis` is `-dims.length` unless given. */
  onnx(dims: number | readonly number[], options?: OnnxOptions): RMSNormOptions;
  /** Hugging Face's `LlamaRMSNorm`. */
  llama(dim: number, eps?: number): RMSNormOptions;
  /** Gemma's: a zero-centred gamma, rounded once. */
  gemma(dim: number, eps?: number): RMSNormOptions;
  /** Mamba-2's gated norm. */
  mamba2(dim: number, groups?: number, eps?: number, normBeforeGate?: boolean): RMSNormOptions;
}

export interface OnnxOptions {
  readonly axis?: number;
  readonly eps?: number;
  readonly casting?: Casting;
}

const library: Presets = {
  zeta: (dim, groups = 1) => ({
    dim: [groups, dim],
    axis: 1,
    groups,
    scale: dim ** -0.5,
    epsMode: 'clamp',
    eps: 1e-12,
  }),
  torch: (normalizedShape, eps = 2 ** -23) => ({ dim: normalizedShape, axis: -rank(normalizedShape), eps }),
  onnx: (dims, { axis = -rank(dims), eps = 1e-5, casting = 'llama' } = {}) => ({ dim: dims, axis, eps, casting }),
  llama: (dim, eps = 1e-6) => ({ dim, axis: -1, eps, casting: 'llama' }),
  gemma: (dim, eps = 1e-6) => ({ dim, axis: -1, eps, weightOffset: 1 }),
  mamba2: (dim, groups = 1, eps = 1e-5, normBeforeGate = false) => ({ dim, axis: -1, groups, eps, normBeforeGate }),
};

export const presets: Presets = Object.freeze(library);

function rank(shape: number | readonly number[]): number {
  return typeof shape === 'number' ? 1 : shape.length;
}
