import type { Tensor } from './backend.ts';
import type { Driver, Op } from './driver.ts';
import type { DType } from './dtype.ts';
import type { Engine } from './engine.ts';
import { RMSNormError } from './errors.ts';
import { problemOf } from './layout.ts';
import type { ResolvedOptions } from './options.ts';
import type { Problem } from './problem.ts';
import { sameShape } from './shape.ts';
import { type CallFeatures, requireSupport } from './supports.ts';

/**
 * The problem of one call, which the backend is known to support.
 * @throws RMSNormError SHAPE, DTYPE, UNSUPPORTED
 */
export function planFor(
  engine: Engine<unknown>,
  op: Op,
  options: ResolvedOptions,
  x: { readonly shape: readonly number[]; readonly dtype: DType },
  call: CallFeatures,
): Problem {
  if (x.dtype === 'int8')
    throw new RMSNormError('DTYPE', 'x is int8: only float32, float16 and bfloat16 are normalized');
  const problem = problemOf(options, x.shape, x.dtype);
  requireSupport(engine.driver as Driver<never>, engine.supports, op, problem, call);
  return problem;
}

/** Whether there is anything to compute: a kernel never sees an empty problem. */
export function isEmpty(p: Problem): boolean {
  return p.outer === 0 || p.inner === 0;
}

/** The last plan, kept: most callers normalize one shape over and over. */
export class PlanCache {
  readonly #options: ResolvedOptions;
  #engine: Engine<unknown> | null = null;
  #op: Op = 'forward';
  #rstd = false;
  #dtype: DType = 'float32';
  #shape: readonly number[] = [];
  #problem: Problem | null = null;

  constructor(options: ResolvedOptions) {
    this.#options = options;
  }

  /** @throws RMSNormError as planFor */
  get(engine: Engine<unknown>, op: Op, x: Tensor, rstd: boolean): Problem {
    if (
      this.#problem !== null &&
      this.#engine === engine &&
      this.#op === op &&
      this.#rstd === rstd &&
      this.#dtype === x.dtype &&
      sameShape(this.#shape, x.shape)
    ) {
      return this.#problem;
    }
    const problem = planFor(engine, op, this.#options, x, { beta: this.#options.bias, rstd });
    this.#engine = engine;
    this.#op = op;
    this.#rstd = rstd;
    this.#dtype = x.dtype;
    this.#shape = x.shape;
    this.#problem = problem;
    return problem;
  }
}
