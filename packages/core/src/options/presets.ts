import type { Casting } from '../driver/problem.ts';
import { refuseMore } from '../values/arguments.ts';
import { RMSNormError } from '../values/errors.ts';
import { checkedKeys, type Form, keysOf } from '../values/keys.ts';
import { isArray, reading } from '../values/reading.ts';
import { show } from '../values/show.ts';
import type { RMSNormOptions } from './options.ts';
import { UNCALLED, UNCALLED_KEY } from './uncalled.ts';

/**
 * Options that reproduce the numbers of known libraries. Null, for any parameter but the first, is what that library
 * takes by default.
 */
export interface Presets {
  /**
   * The implementation this project starts from: gamma and axis -2 of (batch, groups, dim, n), x / norm2(x) times
   * `dim ** -0.5`, so that a row has RMS 1 / dim.
   */
  readonly zeta: Preset<[dim: number, groups?: number | null]>;
  /** `torch.nn.RMSNorm(normalized_shape)`, where eps `None` is float32's machine epsilon for every dtype. */
  readonly torch: Preset<[normalizedShape: number | readonly number[], eps?: number | null]>;
  /** ONNX `RMSNormalization`: `dims` are the lengths of x from `axis` on; `axis` is `-dims.length` unless given. */
  readonly onnx: Preset<[dims: number | readonly number[], options?: OnnxOptions | null]>;
  /** Hugging Face's `LlamaRMSNorm`. */
  readonly llama: Preset<[dim: number, eps?: number | null]>;
  /** Gemma's: a zero-centred gamma, rounded once. */
  readonly gemma: Preset<[dim: number, eps?: number | null]>;
  /** Mamba-2's gated norm. */
  readonly mamba2: Preset<[dim: number, groups?: number | null, eps?: number | null, normBeforeGate?: boolean | null]>;
}

/** A function: `new RMSNorm({ ...presets.llama })` does not compile, and throws; `presets.llama(512)` is meant. */
export interface Preset<Arguments extends readonly unknown[]> {
  (...args: Arguments): RMSNormOptions;
  readonly [UNCALLED]: string;
}

export interface OnnxOptions {
  readonly axis?: number | null | undefined;
  readonly eps?: number | null | undefined;
  readonly casting?: Casting | null | undefined;
}

const ONNX: Form = {
  name: "presets.onnx's options",
  keys: keysOf<OnnxOptions>({ axis: true, eps: true, casting: true }),
  nulls: true,
};

// Null is each library's own default, as undefined is: hence ??, and no default of a parameter.
const library: Presets = {
  zeta: preset(
    (dim, groups) => {
      if (typeof dim !== 'number') throw new RMSNormError('INVALID_OPTION', `dim must be a number, got ${show(dim)}`);
      return {
        dim: [groups ?? 1, dim],
        axis: 1,
        groups: groups ?? 1,
        scale: dim ** -0.5,
        epsMode: 'clamp',
        eps: 1e-12,
      };
    },
    'presets.zeta',
    'dim, groups',
  ),
  torch: preset(
    (shape, eps) => ({ dim: shape, axis: -rank(shape), eps: eps ?? 2 ** -23 }),
    'presets.torch',
    'normalizedShape, eps',
  ),
  onnx: preset(
    (dims, options) => {
      const { axis, eps, casting } = checkedKeys(options ?? undefined, ONNX);
      return { dim: dims, axis: axis ?? -rank(dims), eps: eps ?? 1e-5, casting: casting ?? 'llama' };
    },
    'presets.onnx',
    'dims, { axis, eps, casting }',
  ),
  llama: preset((dim, eps) => ({ dim, axis: -1, eps: eps ?? 1e-6, casting: 'llama' }), 'presets.llama', 'dim, eps'),
  gemma: preset((dim, eps) => ({ dim, axis: -1, eps: eps ?? 1e-6, weightOffset: 1 }), 'presets.gemma', 'dim, eps'),
  mamba2: preset(
    (dim, groups, eps, normBeforeGate) => ({
      dim,
      axis: -1,
      groups: groups ?? 1,
      eps: eps ?? 1e-5,
      normBeforeGate: normBeforeGate ?? false,
    }),
    'presets.mamba2',
    'dim, groups, eps, normBeforeGate',
  ),
};

export const presets: Presets = Object.freeze(library);

function preset<Arguments extends readonly unknown[]>(
  make: (...args: Arguments) => RMSNormOptions,
  name: string,
  parameters: string,
): Preset<Arguments> {
  const called = (...args: Arguments): RMSNormOptions => {
    refuseMore(args, make.length, `${name}(${parameters})`);
    return make(...args);
  };
  return Object.assign(called, { [UNCALLED]: name, [UNCALLED_KEY]: name } as const);
}

/** What is no list is one axis; resolveOptions says what is wrong with it. */
function rank(shape: number | readonly number[]): number {
  return isArray(shape) ? reading('the lengths', 'INVALID_OPTION', () => shape.length) : 1;
}
