import { type ApplyTargets, applyOnHost } from './apply.ts';
import type { Backend, HostTensor, Tensor } from './backend.ts';
import type { Op } from './driver.ts';
import { RMSNormError } from './errors.ts';
import { runForward } from './forward.ts';
import { checkedHostTensor } from './host-tensor.ts';
import { engineOf, engineOfBackend } from './identity.ts';
import { type ResolvedOptions, type RMSNormOptions, resolveOptions } from './options.ts';
import { PlanCache } from './plan.ts';
import { checkedStateDict, copyOf, type StateDict } from './state-dict.ts';
import { type ForwardTargets, requireFeatures, targetsOf } from './targets.ts';
import { WeightUploads } from './weight-uploads.ts';

/**
 * Root Mean Square Normalization (Zhang and Sennrich 2019, https://arxiv.org/abs/1910.07467).
 *
 *     const norm = new RMSNorm(512);          // 512 channels, at axis 1
 *     const y = norm.forward(x);              // on the backend that x lives on
 *
 * Holds its options, gamma and beta on the host, and uploads gamma and beta once for each backend.
 */
export class RMSNorm implements Disposable {
  readonly options: ResolvedOptions;
  declare readonly [Symbol.dispose]: () => void;
  readonly #plans: PlanCache;
  readonly #uploads: WeightUploads = new WeightUploads();
  #gamma: HostTensor | null;
  #beta: HostTensor | null;
  #disposed = false;

  /** @throws RMSNormError INVALID_OPTION */
  constructor(dim: number | readonly number[], groups?: number);
  constructor(options: RMSNormOptions);
  constructor(first: number | readonly number[] | RMSNormOptions, groups?: number) {
    this.options = resolveOptions(isDim(first) ? { dim: first, groups } : first);
    this.#plans = new PlanCache(this.options);
    const { affine, bias, weightOffset } = this.options;
    this.#gamma = affine ? this.#filled(1 - weightOffset) : null;
    this.#beta = bias ? this.#filled(0) : null;
  }

  /** What multiplies x / norm2(x): sqrt(size) unless given. */
  get scale(): number {
    return this.options.scale;
  }

  /**
   * One element for each feature, in any shape; null where `affine` is false. After a change of its elements call
   * {@link update}; setting another tensor does so by itself.
   * @throws RMSNormError on setting: SHAPE, DTYPE, INVALID_OPTION
   */
  get gamma(): HostTensor | null {
    return this.#gamma;
  }

  set gamma(value: HostTensor | null) {
    this.#gamma = this.#checkedWeight('gamma', value, this.options.affine, 'affine');
    this.update();
  }

  /** One element for each feature, in any shape; null unless `bias` is true. Otherwise as {@link gamma}. */
  get beta(): HostTensor | null {
    return this.#beta;
  }

  set beta(value: HostTensor | null) {
    this.#beta = this.#checkedWeight('beta', value, this.options.bias, 'bias');
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
  forward(x: Tensor, target?: Tensor | ForwardTargets): Tensor {
    this.#assertAlive();
    const engine = engineOf(x);
    const targets = targetsOf(target);
    const problem = this.#plans.get(engine, 'forward', x, targets.rstd !== undefined);
    return runForward(engine, problem, x, this.#uploads.on(engine, this.#gamma, this.#beta), targets);
  }

  /**
   * Host in, host out, in the fastest way the backend has.
   * @returns a tensor of x's shape and dtype, its data an array of the same kind as x's; or `out`
   * @throws RMSNormError SHAPE, DTYPE, UNSUPPORTED, DISPOSED, ALIASING, OUT_OF_MEMORY, and what the device reports
   */
  async apply(x: HostTensor, backend: Backend, targets: ApplyTargets = {}): Promise<HostTensor> {
    this.#assertAlive();
    const engine = engineOfBackend(backend);
    engine.assertAlive();
    return applyOnHost(this, x, engine, targets);
  }

  /** Not in this version: sum = x + residual and norm(sum). @throws RMSNormError UNSUPPORTED */
  addForward(_x: Tensor, _residual: Tensor): { y: Tensor; sum: Tensor } {
    throw notYet('addForward');
  }

  /** Not in this version: norm and silu(gate). @throws RMSNormError UNSUPPORTED */
  gatedForward(_x: Tensor, _gate: Tensor): Tensor {
    throw notYet('gatedForward');
  }

  /** Not in this version: the gradients. @throws RMSNormError UNSUPPORTED */
  backward(_x: Tensor, _dy: Tensor): { dx: Tensor; dgamma: Tensor | null; dbeta: Tensor | null } {
    throw notYet('backward');
  }

  /** Not in this version: the first half of a sharded forward. @throws RMSNormError UNSUPPORTED */
  sumSquares(_x: Tensor): Tensor {
    throw notYet('sumSquares');
  }

  /** Not in this version: the second half of a sharded forward. @throws RMSNormError UNSUPPORTED */
  scaleBy(_x: Tensor, _sums: Tensor, _count: number): Tensor {
    throw notYet('scaleBy');
  }

  /** Not in this version: int8 results with their scales. @throws RMSNormError UNSUPPORTED */
  forwardQuantized(_x: Tensor): { q: Tensor; scales: Tensor } {
    throw notYet('forwardQuantized');
  }

  /** Tells that elements of gamma or beta changed: the next forward on each backend uploads them again. */
  update(): void {
    this.#uploads.clear();
  }

  /** Frees the uploads on every backend. Idempotent; a forward afterwards throws DISPOSED. */
  dispose(): void {
    this.#disposed = true;
    this.#uploads.clear();
  }

  /** Copies of gamma and beta, named as PyTorch names them. */
  stateDict(): StateDict {
    return {
      ...(this.#gamma && { weight: copyOf(this.#gamma) }),
      ...(this.#beta && { bias: copyOf(this.#beta) }),
    };
  }

  /**
   * Takes copies of gamma and beta: of both or, on any error, of neither.
   * @throws RMSNormError INVALID_OPTION where an entry is missing or too many, SHAPE, DTYPE
   */
  loadStateDict(dict: StateDict): void {
    const { affine, bias, features } = this.options;
    const { weight, bias: beta } = checkedStateDict(dict, { weight: affine, bias });
    if (weight) requireFeatures(weight.shape, 'weight', features);
    if (beta) requireFeatures(beta.shape, 'bias', features);
    this.#gamma = weight ?? null;
    this.#beta = beta ?? null;
    this.update();
  }

  #filled(value: number): HostTensor {
    const { dims, features } = this.options;
    return { dtype: 'float32', shape: dims, data: new Float32Array(features).fill(value) };
  }

  #checkedWeight(name: string, value: HostTensor | null, wanted: boolean, option: string): HostTensor | null {
    if ((value !== null) !== wanted) {
      const problem = wanted ? 'cannot be null' : 'must stay null';
      throw new RMSNormError('INVALID_OPTION', `${name} ${problem}: this norm was made with ${option}: ${wanted}`);
    }
    if (value === null) return null;
    const host = checkedHostTensor(value, name);
    requireFeatures(host.shape, name, this.options.features);
    return host;
  }

  #assertAlive(): void {
    if (this.#disposed) throw new RMSNormError('DISPOSED', 'the norm was disposed: make a new RMSNorm');
  }
}

if (typeof Symbol.dispose === 'symbol') {
  Object.defineProperty(RMSNorm.prototype, Symbol.dispose, { value: RMSNorm.prototype.dispose });
}

function isDim(value: unknown): value is number | readonly number[] {
  return typeof value === 'number' || Array.isArray(value);
}

function notYet(op: Op): RMSNormError {
  return new RMSNormError('UNSUPPORTED', `${op} is not in this version of @rmsnorm/core yet: forward is`);
}
