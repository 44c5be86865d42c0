/*
 * The folder `api/`: what an application calls. RMSNorm holds options and weights; the functions beside it take all as
 * tensors; pickBackend finds a backend. It imports from every folder but reference/.
 */

import type { Backend, Tensor, WithDType } from '../backend/backend.ts';
import { internalsOf, internalsOfBackend } from '../backend/internals.ts';
import type { Op } from '../driver/io.ts';
import type { OperationProblem, Problem } from '../driver/problem.ts';
import {
  ADD_FORWARD_TARGETS,
  type AddForwardResult,
  type AddForwardTargets,
  runAddForward,
} from '../operations/add-forward.ts';
import { BACKWARD_TARGETS, type BackwardResult, type BackwardTargets, runBackward } from '../operations/backward.ts';
import {
  FORWARD_TARGETS,
  type ForwardTargets,
  forwardTargets,
  GATED_TARGETS,
  runForward,
} from '../operations/forward.ts';
import {
  QUANTIZED_TARGETS,
  type QuantizedResult,
  type QuantizedTargets,
  runForwardQuantized,
} from '../operations/forward-quantized.ts';
import { runGatedForward } from '../operations/gated-forward.ts';
import { runScaleBy, runSumSquares, SCALE_BY_TARGETS, type ScaleByTargets } from '../operations/sharded.ts';
import { type PreparedCall, requireFeatures } from '../operations/weights.ts';
import type { CallValue } from '../options/operation-problem.ts';
import { type ResolvedOptions, type RMSNormOptions, resolveArguments } from '../options/options.ts';
import { refuseMore } from '../values/arguments.ts';
import type { DisposableLike } from '../values/disposable.ts';
import type { FloatDType } from '../values/dtype.ts';
import { RMSNormError } from '../values/errors.ts';
import type { FreshOf, HostDataOf, HostTensor } from '../values/host-data.ts';
import { checkedKeys } from '../values/keys.ts';
import { type ApplyTargets, applyOnHost } from './apply.ts';
import { checkedWeight, filledWeight } from './host-weights.ts';
import { KeptProblems } from './kept-problems.ts';
import { checkedStateDict, copyOf, type LoadOptions, type ModelDict, type StateDict } from './state-dict.ts';
import { WeightUploads } from './weight-uploads.ts';

// The method is given to it below, where there is the symbol; a declaration in the class would need it everywhere.
export interface RMSNorm extends DisposableLike {}

/**
 * Root Mean Square Normalization (Zhang and Sennrich 2019, https://arxiv.org/abs/1910.07467).
 *
 *     const norm = new RMSNorm(512);          // 512 channels, at axis 1
 *     const y = norm.forward(x);              // on the backend that x lives on
 *
 * Holds its options, gamma and beta on the host, and uploads gamma and beta once for each backend.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: as said at the interface
export class RMSNorm {
  readonly options: ResolvedOptions;
  readonly #problems: KeptProblems;
  readonly #uploads: WeightUploads = new WeightUploads();
  #gamma: HostTensor | null;
  #beta: HostTensor | null;
  #disposed = false;

  /** @throws RMSNormError INVALID_OPTION; OUT_OF_MEMORY where no array can hold gamma */
  constructor(dim: number | readonly number[], groups?: number);
  constructor(options: RMSNormOptions);
  constructor(first: number | readonly number[] | RMSNormOptions, groups?: number) {
    if (arguments.length > 2)
      refuseMore(arguments, 2, 'new RMSNorm(dim, groups), or new RMSNorm({ dim, groups, ... })');
    this.options = resolveArguments(first, groups);
    this.#problems = new KeptProblems(this.options);
    const { affine, bias, weightOffset } = this.options;
    this.#gamma = affine ? filledWeight(this.options, 1 - weightOffset) : null;
    this.#beta = bias ? filledWeight(this.options, 0) : null;
  }

  /** What multiplies x / norm2(x): sqrt(size) unless given. */
  get scale(): number {
    return this.options.scale;
  }

  /**
   * One element for each feature, in any shape; null where `affine` is false. What is changed through this property,
   * `norm.gamma.data[0] = 2`, is noticed at the next call. If you keep the array and write to it later, call
   * {@link update}: else the old elements may be used. The object is frozen: for another array set the property,
   * `norm.gamma = hostTensor(array)`.
   * @throws RMSNormError on setting: SHAPE, DTYPE, INVALID_OPTION
   */
  get gamma(): HostTensor | null {
    this.#uploads.doubt();
    return this.#gamma;
  }

  set gamma(value: HostTensor | null) {
    this.#gamma = checkedWeight(this.options, 'affine', value);
    this.update();
  }

  /** One element for each feature, in any shape; null unless `bias` is true. Otherwise as {@link gamma}. */
  get beta(): HostTensor | null {
    this.#uploads.doubt();
    return this.#beta;
  }

  set beta(value: HostTensor | null) {
    this.#beta = checkedWeight(this.options, 'bias', value);
    this.update();
  }

  /**
   * y = x * r * (weightOffset + gamma) + beta, on x's own backend: enqueues the work and returns at once.
   * @param x float32, float16 or bfloat16, with `dim` at `axis`
   * @param target `out`, a tensor of x's shape and dtype (or x itself) that receives y; `rstd`, float32
   *   [outer, groups, inner], that receives r / alpha
   * @returns y: `out` where given, else a new tensor
   * @throws RMSNormError SHAPE, DTYPE, UNSUPPORTED, DISPOSED, FOREIGN_TENSOR, ALIASING, OUT_OF_MEMORY
   */
  forward<X extends Tensor>(x: X, target?: Tensor | ForwardTargets): X {
    if (arguments.length > 2) refuseMore(arguments, 2, 'forward(x, { out, rstd })');
    const targets = forwardTargets(target, FORWARD_TARGETS);
    const { internals, problem, weights } = this.#prepare('forward', x, targets.rstd !== undefined);
    return runForward(internals, problem, x, weights, targets);
  }

  /**
   * Host in, host out, in the fastest way the backend has.
   * @returns a tensor of x's shape and dtype, its data an array of the same kind as x's; or `out`
   * @throws RMSNormError SHAPE, DTYPE, INVALID_OPTION, UNSUPPORTED, DISPOSED, ALIASING, OUT_OF_MEMORY, and what the
   *   device reports
   */
  apply<O extends HostTensor>(
    x: HostTensor<O['dtype']>,
    backend: Backend,
    targets: Required<ApplyTargets<O>>,
  ): Promise<O>;
  apply<D extends FloatDType, A extends HostDataOf<D>>(
    x: HostTensor<D, A>,
    backend: Backend,
    targets?: ApplyTargets,
  ): Promise<HostTensor<D, FreshOf<A> & HostDataOf<D>>>;
  async apply(x: HostTensor, backend: Backend, targets?: ApplyTargets): Promise<HostTensor> {
    if (arguments.length > 3) refuseMore(arguments, 3, 'apply(x, backend, { out })');
    this.#assertAlive();
    const internals = internalsOfBackend(backend);
    internals.assertAlive();
    const norm = {
      gamma: this.#gamma,
      beta: this.#beta,
      problem: (source: HostTensor): Problem => this.#problems.get(internals, 'forward', source, false, null),
      forward: (source: Tensor, out: Tensor): Tensor => this.forward(source, out),
    };
    return applyOnHost(norm, x, internals, targets);
  }

  /**
   * sum = x + residual, rounded to their dtype, and y = forward(sum): bit for bit the two steps done apart.
   * @param residual shape and dtype of x
   * @throws RMSNormError as {@link forward}
   */
  addForward<X extends Tensor>(x: X, residual: Tensor, given?: AddForwardTargets): AddForwardResult<X> {
    if (arguments.length > 3) refuseMore(arguments, 3, 'addForward(x, residual, { out: { y, sum }, rstd })');
    const targets = checkedKeys(given, ADD_FORWARD_TARGETS);
    const { internals, problem, weights } = this.#prepare('addForward', x, targets.rstd !== undefined);
    return runAddForward(internals, problem, x, residual, weights, targets);
  }

  /**
   * Mamba-2's gated norm: y = forward(x) * silu(gate) with `normBeforeGate`, else forward(x * silu(gate)), where
   * silu(z) = z / (1 + exp(-z)). Rounded once.
   * @param gate shape and dtype of x
   * @throws RMSNormError as {@link forward}
   */
  gatedForward<X extends Tensor>(x: X, gate: Tensor, target?: Tensor | ForwardTargets): X {
    if (arguments.length > 3) refuseMore(arguments, 3, 'gatedForward(x, gate, { out, rstd })');
    const targets = forwardTargets(target, GATED_TARGETS);
    const { internals, problem, weights } = this.#prepare('gatedForward', x, targets.rstd !== undefined);
    return runGatedForward(internals, problem, x, gate, weights, targets);
  }

  /**
   * The gradients of forward, and through `dsum` of addForward:
   *
   *     g  = dy * (weightOffset + gamma)
   *     dx = r * g - x * r^3 / (alpha^2 * statSize) * sum(g * x) + dsum      the middle term only for the first statSize elements
   *     dgamma = sum over rows of dy * x * r        dbeta = sum over rows of dy
   *
   * Rounding is differentiated as the identity; where 'clamp' takes eps as the norm, r is a constant.
   * @param dy shape and dtype of x
   * @param given `out` may name a tensor for each of the three results, which it overwrites
   * @throws RMSNormError as {@link forward}
   */
  backward<X extends Tensor>(x: X, dy: Tensor, given?: BackwardTargets): BackwardResult<X> {
    if (arguments.length > 3) refuseMore(arguments, 3, 'backward(x, dy, { rstd, dsum, out: { dx, dgamma, dbeta } })');
    const targets = checkedKeys(given, BACKWARD_TARGETS);
    const { internals, problem, weights } = this.#prepare('backward', x, targets.rstd !== undefined);
    const shapes = { gammaShape: this.#gamma?.shape ?? null, betaShape: this.#beta?.shape ?? null };
    return runBackward(internals, problem, x, dy, { gamma: weights.gamma, beta: weights.beta, ...shapes }, targets);
  }

  /**
   * The first half of a forward whose features are sharded over machines: the sum of squares of every row, float32,
   * [outer, groups, inner]. Add those of all shards, then call {@link scaleBy}.
   * @throws RMSNormError as {@link forward}; INVALID_OPTION where `partial` is below 1
   */
  sumSquares<X extends Tensor>(x: X): WithDType<X, 'float32'> {
    if (arguments.length > 1) refuseMore(arguments, 1, 'sumSquares(x), which takes x alone and gives a new tensor');
    const { internals, problem } = this.#prepare('sumSquares', x, false);
    return runSumSquares(internals, problem, x);
  }

  /**
   * The second half: y as {@link forward} gives it, with the statistic taken from `sums` over `count` features, those
   * of all shards of a group together. A `scale` multiplies x / norm2 of the whole: give every shard the same.
   * @param sums float32, [outer, groups, inner]
   * @throws RMSNormError as {@link sumSquares}; INVALID_OPTION where `count` is less than this shard's own features
   */
  scaleBy<X extends Tensor>(x: X, sums: Tensor, count: number, given?: ScaleByTargets): X {
    if (arguments.length > 4) refuseMore(arguments, 4, 'scaleBy(x, sums, count, { out })');
    const targets = checkedKeys(given, SCALE_BY_TARGETS);
    const { internals, problem, weights } = this.#prepare('scaleBy', x, false, count);
    return runScaleBy(internals, problem, x, sums, weights, targets);
  }

  /**
   * forward, quantized to int8: scale = max|y| / 127 of each (outer, inner) over all its groups (1 where that is 0), or
   * the one given; q = clamp(roundHalfEven(y / scale), -127, 127).
   * @throws RMSNormError as {@link forward}; INVALID_OPTION where `scale` is not above 0 and finite
   */
  forwardQuantized<X extends Tensor>(x: X, given?: QuantizedTargets): QuantizedResult<X> {
    if (arguments.length > 2) refuseMore(arguments, 2, 'forwardQuantized(x, { scale, out: { q, scales } })');
    const targets = checkedKeys(given, QUANTIZED_TARGETS);
    const { internals, problem, weights } = this.#prepare('forwardQuantized', x, false, targets.scale);
    return runForwardQuantized(internals, problem, x, weights, targets);
  }

  /**
   * Tells that elements of gamma or beta changed: the next call on each backend uploads them again. Needed only where
   * you kept an array and wrote to it; after `norm.gamma` was read it merely saves a comparison.
   */
  update(): void {
    if (arguments.length > 0) refuseMore(arguments, 0, 'update(), after a change of gamma or beta');
    this.#uploads.clear();
  }

  /** Frees the uploads on every backend. Idempotent; a forward afterwards throws DISPOSED. */
  dispose(): void {
    this.#disposed = true;
    this.#uploads.clear();
    this.#problems.clear();
  }

  /**
   * Copies of gamma and beta, named as PyTorch names them.
   * @throws RMSNormError SHAPE where the array of one has lost its memory
   */
  stateDict(): StateDict {
    if (arguments.length > 0) refuseMore(arguments, 0, 'stateDict(), and add a prefix to the names that it gives');
    return {
      ...(this.#gamma && { weight: copyOf(this.#gamma, 'gamma') }),
      ...(this.#beta && { bias: copyOf(this.#beta, 'beta') }),
    };
  }

  /**
   * Takes copies of gamma and beta: of both or, on any error, of neither.
   *
   *     norm.loadStateDict(model, { prefix: 'model.layers.0.input_layernorm.' });
   *
   * @param dict this norm's alone, or with `prefix` a whole model's
   * @throws RMSNormError INVALID_OPTION where an entry is missing or too many, SHAPE, DTYPE
   */
  loadStateDict(dict: StateDict | ModelDict, options?: LoadOptions): void {
    if (arguments.length > 2) refuseMore(arguments, 2, 'loadStateDict(dict, { prefix })');
    const { affine, bias, features } = this.options;
    const { weight, bias: beta } = checkedStateDict(dict, { weight: affine, bias }, options);
    if (weight) requireFeatures(weight.shape, 'weight', features);
    if (beta) requireFeatures(beta.shape, 'bias', features);
    this.#gamma = weight ? Object.freeze(weight) : null;
    this.#beta = beta ? Object.freeze(beta) : null;
    this.update();
  }

  #prepare<O extends Op>(op: O, x: Tensor, rstd: boolean, value: CallValue = null): PreparedCall<OperationProblem[O]> {
    this.#assertAlive();
    const internals = internalsOf(x);
    const problem = this.#problems.get(internals, op, x, rstd, value);
    return { internals, problem, weights: this.#uploads.on(internals, this.#gamma, this.#beta) };
  }

  #assertAlive(): void {
    if (this.#disposed) throw new RMSNormError('DISPOSED', 'the norm was disposed: make a new RMSNorm');
  }
}

if (typeof Symbol.dispose === 'symbol') {
  Object.defineProperty(RMSNorm.prototype, Symbol.dispose, { value: RMSNorm.prototype.dispose });
}
