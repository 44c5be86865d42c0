import type { Accuracy, DType, Op, Tensor } from '@rmsnorm/core';
import type { Observe } from '../expected/compare-result.ts';
import type { Elements } from '../inputs/elements.ts';
import type { Random } from '../inputs/random.ts';
import type { ForwardSpec } from './forward-spec.ts';

/** By the names of core's table OPERATIONS: `x`, `gamma`, `dy`, `sums`, ... */
export type Named<T> = Readonly<Record<string, T>>;

/** The numbers of one result, by its name. */
export type Results = Named<ArrayLike<number>>;

export interface Input {
  readonly content: Elements;
  /** Of its tensor. */
  readonly shape: readonly number[];
}

export interface Output {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** `always`: a new tensor; `asked`: only into a given tensor; absent: either. */
  readonly made?: 'always' | 'asked';
}

/** How results are judged. */
export interface Judgement {
  readonly accuracy: Accuracy;
  /** What the outputs were filled with before. */
  readonly stale?: number | undefined;
  /** Is told the error of every element. */
  readonly observe?: Observe | undefined;
}

/** One call as data: what goes in, what comes out, and how that is judged. */
export interface PreparedCall {
  /** x is always there, gamma and beta where the norm has them. */
  readonly inputs: Named<Input>;
  readonly outputs: Named<Output>;
  call(inputs: Named<Tensor>, targets: Named<Tensor>): Named<Tensor>;
  /**
   * Holds what came out against the formula in float64.
   * @throws ConformanceFailure
   */
  compare(results: Results, judgement: Judgement): void;
}

/** How the suite calls one operation, and what it expects of it. `S` is what a case chooses. */
export interface OperationModel<S extends ForwardSpec> {
  readonly op: Op;
  prepare(spec: S, random: Random): PreparedCall;
}
