import type { Problem } from '@rmsnorm/core';
import type { OperationProblem } from '@rmsnorm/core/driver';
import { CASTING, DESCRIPTOR_BYTES, DTYPE, EPS_MODE, NUMBER, WORD } from './generated/descriptor/index.ts';
import type { Extents } from './parts.ts';
import type { WasmMemory } from './web-assembly.ts';

type ProblemOfOne = OperationProblem[keyof OperationProblem];

/** The fields of all of P's members, and what one of them is. */
type FieldOf<P> = P extends unknown ? keyof P : never;
type ValueOf<P, Field extends PropertyKey> = P extends { readonly [F in Field]: infer Value } ? Value : never;

/** A problem of any operation, with the values that core adds for some of them. */
export type AnyProblem = Problem & {
  readonly [Field in Exclude<FieldOf<ProblemOfOne>, keyof Problem>]?: ValueOf<ProblemOfOne, Field>;
};

/**
 * A descriptor (assembly/descriptor.ts) in the WebAssembly memory: tells the kernels about a call. What follows from the
 * problem is written once, the addresses of operands for each call.
 */
export class Descriptor {
  readonly address: number;
  readonly #memory: WasmMemory;
  #words: Uint32Array = new Uint32Array();
  #op = 0;
  #problem: AnyProblem | null = null;
  #part: Extents | null = null;

  constructor(memory: WasmMemory, address: number) {
    this.#memory = memory;
    this.address = address;
  }

  /** The 32-bit fields, at their places in WORD. Not to be kept: when memory grows, an older array has length 0. */
  get words(): Uint32Array {
    if (this.#words.length === 0) {
      this.#words = new Uint32Array(this.#memory.buffer, this.address, DESCRIPTOR_BYTES / 4);
    }
    return this.#words;
  }

  /** Whether it describes this operation, by its code in OP, on a part of `p` with the extents of `part`. */
  isOf(op: number, p: AnyProblem, part: Extents): boolean {
    const known = this.#problem;
    if (known === null || this.#op !== op) return false;
    if (known === p && this.#part === part) return true;
    // Two norms with the same options have two problems, which are equal.
    if (!areEqual(known, p) || !areEqualExtents(this.#part!, part)) return false;
    this.#problem = p;
    this.#part = part;
    return true;
  }

  /** Describes that. Addresses become 0. */
  describe(op: number, p: AnyProblem, part: Extents): void {
    this.#op = op;
    this.#problem = p;
    this.#part = part;
    const { words } = this;
    words.fill(0);
    const numbers = new Float64Array(words.buffer, this.address);
    numbers[NUMBER.eps] = p.eps;
    numbers[NUMBER.alpha] = p.alpha;
    numbers[NUMBER.weightOffset] = p.weightOffset;
    numbers[NUMBER.count] = p.count ?? 0;
    numbers[NUMBER.scale] = p.scale ?? 0;
    words[WORD.op] = op;
    // The tables are those of the kernels: a value that only core knows does not compile here. At run time it is 0, at
    // which kernels trap.
    words[WORD.dtype] = DTYPE[p.dtype];
    words[WORD.epsMode] = EPS_MODE[p.epsMode];
    words[WORD.casting] = CASTING[p.casting];
    words[WORD.outer] = part.outer;
    words[WORD.groups] = part.groups;
    words[WORD.size] = p.size;
    words[WORD.inner] = part.inner;
    words[WORD.statSize] = p.statSize;
    words[WORD.normBeforeGate] = Number(p.normBeforeGate ?? 0);
    words[WORD.endColumn] = part.inner;
    words[WORD.interleaved] = 1;
  }
}

/**
 * All fields but the extents, written out: a loop over their names takes 25 times as long, and norms that take turns compare
 * in each call. kernel-calls.test.ts does not compile before it has a new field, and fails if it is not compared here.
 */
function areEqual(a: AnyProblem, b: AnyProblem): boolean {
  return (
    a.size === b.size &&
    a.statSize === b.statSize &&
    a.dtype === b.dtype &&
    a.eps === b.eps &&
    a.epsMode === b.epsMode &&
    a.alpha === b.alpha &&
    a.weightOffset === b.weightOffset &&
    a.casting === b.casting &&
    a.normBeforeGate === b.normBeforeGate &&
    a.count === b.count &&
    a.scale === b.scale
  );
}

function areEqualExtents(a: Extents, b: Extents): boolean {
  return a.outer === b.outer && a.groups === b.groups && a.inner === b.inner;
}
