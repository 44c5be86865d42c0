import type { Casting, EpsMode, FloatDType, Problem } from '@rmsnorm/core';
import { CASTING, DESCRIPTOR_BYTES, DTYPE, EPS_MODE, NUMBER, WORD } from './generated/descriptor/index.ts';
import type { Extents } from './parts.ts';
import type { WasmMemory } from './web-assembly.ts';

/** A problem of any operation, with what core tells that operation alone. */
export type AnyProblem = Problem & {
  readonly normBeforeGate?: boolean;
  readonly count?: number;
  readonly scale?: number | null;
};

/**
 * One descriptor in the WebAssembly memory (assembly/descriptor.ts), written by the host: what a problem says once, addresses
 * for each call.
 */
export class Descriptor {
  readonly address: number;
  /** The 32-bit fields, at their places in WORD. */
  words: Uint32Array = new Uint32Array();
  readonly #memory: WasmMemory;
  #numbers: Float64Array = new Float64Array();
  #problem: AnyProblem | null = null;
  #part: Extents | null = null;

  constructor(memory: WasmMemory, address: number) {
    this.#memory = memory;
    this.address = address;
  }

  /**
   * To be called before addresses are written: writes all else, an operation, by its code in OP, on a part of `p` that has the
   * extents of `part`. False where it says that already.
   */
  describe(op: number, p: AnyProblem, part: Extents): boolean {
    // Memory that has grown leaves arrays of length 0 behind.
    if (this.words.length === 0) {
      const { buffer } = this.#memory;
      this.words = new Uint32Array(buffer, this.address, DESCRIPTOR_BYTES / 4);
      this.#numbers = new Float64Array(buffer, this.address, DESCRIPTOR_BYTES / 8);
    }
    const { words } = this;
    const latest = this.#problem;
    if (latest === p && this.#part === part) return false;
    const { outer, groups, inner } = part;
    const known = latest !== null && areEqual(latest, p) && areEqualExtents(this.#part!, part);
    this.#problem = p;
    this.#part = part;
    if (known) return false;
    const numbers = this.#numbers;
    numbers[NUMBER.eps] = p.eps;
    numbers[NUMBER.alpha] = p.alpha;
    numbers[NUMBER.weightOffset] = p.weightOffset;
    numbers[NUMBER.count] = p.count ?? 0;
    numbers[NUMBER.scale] = p.scale ?? 0;
    words[WORD.op] = op;
    words[WORD.dtype] = dtypeCode(p.dtype);
    words[WORD.epsMode] = epsModeCode(p.epsMode);
    words[WORD.casting] = castingCode(p.casting);
    words[WORD.outer] = outer;
    words[WORD.groups] = groups;
    words[WORD.size] = p.size;
    words[WORD.inner] = inner;
    words[WORD.statSize] = p.statSize;
    words[WORD.normBeforeGate] = Number(p.normBeforeGate ?? false);
    words[WORD.firstColumn] = 0;
    words[WORD.endColumn] = inner;
    words[WORD.interleaved] = 1;
    return true;
  }
}

/** Norms of the same options have problems of their own, and so have calls of operations that are told more. */
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

function dtypeCode(dtype: FloatDType): number {
  switch (dtype) {
    case 'float32':
      return DTYPE.float32;
    case 'float16':
      return DTYPE.float16;
    case 'bfloat16':
      return DTYPE.bfloat16;
    default:
      return dtype satisfies never;
  }
}

function epsModeCode(epsMode: EpsMode): number {
  switch (epsMode) {
    case 'add':
      return EPS_MODE.add;
    case 'clamp':
      return EPS_MODE.clamp;
    default:
      return epsMode satisfies never;
  }
}

function castingCode(casting: Casting): number {
  switch (casting) {
    case 'gemma':
      return CASTING.gemma;
    case 'llama':
      return CASTING.llama;
    default:
      return casting satisfies never;
  }
}
