import type { BackendInternals } from '../backend/internals.ts';
import { supportedProblem } from '../backend/supported-problem.ts';
import type { Op } from '../driver/io.ts';
import type { OperationProblem } from '../driver/problem.ts';
import type { CallValue } from '../options/operation-problem.ts';
import type { ResolvedOptions } from '../options/options.ts';
import type { DType } from '../values/dtype.ts';
import { sameShape } from '../values/shape.ts';

/** How many problems of each operation are kept: enough for a few batch sizes, with rstd and without. */
const MOST_OF_AN_OPERATION = 4;

/** What a problem depends on of x, which may be on the host. Its shape must not change any more. */
interface Shaped {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

interface Kept {
  readonly op: Op;
  readonly internals: BackendInternals<unknown>;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly rstd: boolean;
  readonly value: CallValue;
  readonly problem: OperationProblem[Op];
}

/**
 * The problems of a norm's latest calls. Most callers normalize one shape over and over, or take a few operations in
 * turn; then nothing is checked again, and a driver is given the very same object.
 */
export class KeptProblems {
  readonly #options: ResolvedOptions;
  #latest: Kept | null = null;
  /** Of each operation, most recent first. */
  readonly #byOp = new Map<Op, Kept[]>();

  constructor(options: ResolvedOptions) {
    this.#options = options;
  }

  /** @throws RMSNormError as supportedProblem */
  get<O extends Op>(
    internals: BackendInternals<unknown>,
    op: O,
    x: Shaped,
    rstd: boolean,
    value: CallValue,
  ): OperationProblem[O] {
    let kept = this.#latest;
    if (kept === null || kept.op !== op || !isFor(kept, internals, x, rstd, value)) {
      kept = this.#find(internals, op, x, rstd, value);
      this.#latest = kept;
    }
    return kept.problem as OperationProblem[O];
  }

  /** Forgets all, so that a backend is not kept alive by what was once normalized on it. */
  clear(): void {
    this.#latest = null;
    this.#byOp.clear();
  }

  #find(internals: BackendInternals<unknown>, op: Op, x: Shaped, rstd: boolean, value: CallValue): Kept {
    let list = this.#byOp.get(op);
    if (list === undefined) {
      list = [];
      this.#byOp.set(op, list);
    }
    for (let i = 0; i < list.length; i++) {
      const kept = list[i]!;
      if (!isFor(kept, internals, x, rstd, value)) continue;
      for (let k = i; k > 0; k--) list[k] = list[k - 1]!;
      list[0] = kept;
      return kept;
    }
    const { shape, dtype } = x;
    const options = this.#options;
    const problem = supportedProblem(internals, op, options, x, { beta: options.bias, rstd }, value);
    const kept = { op, internals, dtype, shape, rstd, value, problem };
    this.#forgetDisposed();
    list.unshift(kept);
    if (list.length > MOST_OF_AN_OPERATION) list.pop();
    return kept;
  }

  #forgetDisposed(): void {
    for (const list of this.#byOp.values()) {
      for (let i = list.length - 1; i >= 0; i--) if (list[i]!.internals.disposed) list.splice(i, 1);
    }
  }
}

function isFor(kept: Kept, internals: BackendInternals<unknown>, x: Shaped, rstd: boolean, value: CallValue): boolean {
  return (
    kept.internals === internals &&
    kept.rstd === rstd &&
    kept.value === value &&
    kept.dtype === x.dtype &&
    sameShape(kept.shape, x.shape)
  );
}
