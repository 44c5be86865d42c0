import type { Problem } from '@rmsnorm/core';
import { type OperationProblem, unreachable } from '@rmsnorm/core/driver';
import { DTYPE, OP, type Places } from './fields.ts';
import { coefficientsOf } from './statistic.ts';

type ProblemOfOne = OperationProblem[keyof OperationProblem];
type FieldOf<P> = P extends unknown ? keyof P : never;
type ValueOf<P, Field extends PropertyKey> = P extends { readonly [F in Field]: infer Value } ? Value : never;

/** A problem of any operation, with the values that core adds for some of them. */
export type AnyProblem = Problem & {
  readonly [Field in Exclude<FieldOf<ProblemOfOne>, keyof Problem>]?: ValueOf<ProblemOfOne, Field>;
};

/**
 * The numbers of calls. What follows from a problem is written once, as core gives the same problem again for the same
 * call; an operation writes the addresses of its operands each time.
 */
export class Calls {
  readonly #at: Places;
  readonly #length: number;
  /** For each operation, by its code. */
  readonly #kept: readonly WeakMap<Problem, Float64Array>[];
  #latestOp = -1;
  #latestProblem: Problem | null = null;
  #latest: Float64Array = new Float64Array();

  constructor(at: Places, length: number) {
    this.#at = at;
    this.#length = length;
    this.#kept = Object.values(OP).map(() => new WeakMap());
  }

  /** @param op its code in OP */
  of(op: number, p: AnyProblem): Float64Array {
    if (this.#latestProblem === p && this.#latestOp === op) return this.#latest;
    let call = this.#kept[op]!.get(p);
    if (call === undefined) {
      call = this.#describe(op, p);
      this.#kept[op]!.set(p, call);
    }
    this.#latestOp = op;
    this.#latestProblem = p;
    this.#latest = call;
    return call;
  }

  #describe(op: number, p: AnyProblem): Float64Array {
    const at = this.#at;
    const call = new Float64Array(this.#length);
    call[at.op] = op;
    call[at.dtype] = DTYPE[p.dtype];
    call[at.outer] = p.outer;
    call[at.groups] = p.groups;
    call[at.size] = p.size;
    call[at.inner] = p.inner;
    call[at.statSize] = p.statSize;
    const { numerator, sumFactor, epsUnderRoot, leastNorm, clampedNorm, leastSum } = coefficientsOf(
      p,
      op === OP.scaleBy,
    );
    call[at.numerator] = numerator;
    call[at.sumFactor] = sumFactor;
    call[at.epsUnderRoot] = epsUnderRoot;
    call[at.leastNorm] = leastNorm;
    call[at.clampedNorm] = clampedNorm;
    call[at.leastSum] = leastSum;
    call[at.alpha] = p.alpha;
    call[at.weightOffset] = p.weightOffset;
    call[at.llama] = Number(isLlama(p));
    call[at.normBeforeGate] = Number(p.normBeforeGate ?? false);
    call[at.count] = p.count ?? 0;
    const scale = p.scale ?? null;
    call[at.hasScale] = Number(scale !== null);
    call[at.scale] = scale ?? 0;
    return call;
  }
}

function isLlama({ casting }: Problem): boolean {
  switch (casting) {
    case 'gemma':
      return false;
    case 'llama':
      return true;
    default:
      return unreachable(casting, 'casting');
  }
}
