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
  readonly #memory: WasmMemory;
  #words: Uint32Array = new Uint32Array();
  #op = 0;
  #problem: AnyProblem | null = null;
  #part: Extents | null = null;

  constructor(memory: WasmMemory, address: number) {
    this.#memory = memory;
    this.address = address;
  }

  /** The 32-bit fields, at their places in WORD. Memory that grows leaves an array of length 0 behind: take it anew for each call. */
  get words(): Uint32Array {
    if (this.#words.length === 0) {
      this.#words = new Uint32Array(this.#memory.buffer, this.address, DESCRIPTOR_BYTES / 4);
    }
    return this.#words;
  }

  /** Whether it describes an operation, by its code in OP, on a part of `p` that has the extents of `part`. */
  isOf(op: number, p: AnyProblem, part: Extents): boolean {
    const known = this.#problem;
    if (known === null || this.#op !== op) return false;
    if (known === p && this.#part === part) return true;
    // Norms of the same options have problems of their own.
    if (!areEqual(known, p) || !areEqualExtents(this.#part!, part)) return false;
    this.#problem = p;
    this.#part = part;
    return true;
  }

  /** Writes that: all fields but addresses, which are 0 then. */
  describe(op: number, p: AnyProblem, part: Extents): void {
    this.#op = op;
    this.#problem = p;
    this.#part = part;
    const { words } = this;
    // Addresses too: what an operation does not have is 0.
    words.fill(0);
    const numbers = new Float64Array(words.buffer, this.address);
    numbers[NUMBER.eps] = p.eps;
    numbers[NUMBER.alpha] = p.alpha;
    numbers[NUMBER.weightOffset] = p.weightOffset;
    numbers[NUMBER.count] = p.count ?? 0;
    numbers[NUMBER.scale] = p.scale ?? 0;
    words[WORD.op] = op;
    words[WORD.dtype] = dtypeCode(p.dtype);
    words[WORD.epsMode] = epsModeCode(p.epsMode);
    words[WORD.casting] = castingCode(p.casting);
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
