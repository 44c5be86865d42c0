import { readFile } from 'node:fs/promises';
import { bfloat16Bits, type FloatDType, float16Bits, type Problem } from '@rmsnorm/core';
import { expect } from 'vitest';
import { Descriptor } from '../src/descriptor.ts';
import { OP, WORD } from '../src/generated/descriptor/index.ts';
import { HEAP_BASE, type Kernels, MODULE_BYTES } from '../src/kernels.ts';

// Calls the kernels' forward itself, on operands that it places in memory.

const module = await WebAssembly.compile(await readFile(new URL('../dist/rmsnorm.wasm', import.meta.url)));

export async function instantiate(memory: WebAssembly.Memory): Promise<Kernels> {
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  return exports as unknown as Kernels;
}

export interface Call {
  readonly dtype?: FloatDType;
  readonly outer?: number;
  readonly size: number;
  readonly inner?: number;
  readonly statSize?: number;
  readonly eps?: number;
  readonly llama?: boolean;
  readonly inTurn?: boolean;
  readonly inPlace?: boolean;
  /** Where the first buffer begins. */
  readonly base?: number;
}

const GUARD = 64;
export const memory: WebAssembly.Memory = new WebAssembly.Memory({ initial: 1024, maximum: 65536 });
const kernels = await instantiate(memory);

export function problemOf({
  dtype = 'float32',
  outer = 1,
  size,
  inner = 1,
  statSize = size,
  eps = 1e-6,
  llama,
}: Call): Problem {
  const casting = llama ? 'llama' : 'gemma';
  return { outer, groups: 1, size, inner, statSize, dtype, eps, epsMode: 'add', alpha: 1, weightOffset: 0, casting };
}

/** Runs forward over `x` (raw bits for 16-bit dtypes) with `gamma`; checks that nothing but y and scratch changed. */
export function forward(
  call: Call,
  x: Float32Array | Uint16Array,
  gamma: Float32Array,
  heap: WebAssembly.Memory = memory,
  run: Kernels = kernels,
): Uint32Array | Uint16Array {
  const { dtype = 'float32' } = call;
  const descriptor = new Descriptor(heap, MODULE_BYTES);
  const problem = problemOf(call);
  descriptor.describe(OP.forward, problem, problem);
  let end = call.base ?? HEAP_BASE;
  const place = (bytes: number): number => {
    const at = Math.ceil((end + GUARD) / 64) * 64;
    end = at + bytes;
    return at;
  };
  const at = { x: place(x.byteLength), y: 0, gamma: place(gamma.byteLength), scratch: 0 };
  at.y = call.inPlace ? at.x : place(x.byteLength);
  const scratchBytes = run.complete(descriptor.address) >>> 0;
  at.scratch = place(scratchBytes);
  const all = new Uint8Array(heap.buffer, call.base ?? HEAP_BASE, end + GUARD - (call.base ?? HEAP_BASE)).fill(0xa5);
  const bytes = (start: number, length: number): Uint8Array => new Uint8Array(heap.buffer, start, length);
  bytes(at.x, x.byteLength).set(new Uint8Array(x.buffer, x.byteOffset, x.byteLength));
  bytes(at.gamma, gamma.byteLength).set(new Uint8Array(gamma.buffer, gamma.byteOffset, gamma.byteLength));
  const before = all.slice();
  const { words } = descriptor;
  words[WORD.x] = at.x;
  words[WORD.gamma] = at.gamma;
  words[WORD.beta] = 0;
  words[WORD.y] = at.y;
  words[WORD.rstd] = 0;
  words[WORD.interleaved] = Number(!call.inTurn);
  run.run(descriptor.address, at.scratch);
  const y = bytes(at.y, x.byteLength).slice();
  // Put back what may have changed: then nothing has.
  for (const [start, length] of [
    [at.y, x.byteLength],
    [at.scratch, scratchBytes],
  ] as const) {
    const offset = start - all.byteOffset;
    all.set(before.subarray(offset, offset + length), offset);
  }
  expect(Buffer.compare(all, before)).toBe(0);
  return dtype === 'float32' ? new Uint32Array(y.buffer) : new Uint16Array(y.buffer);
}

/** The first index at which the bits differ, or -1. */
export function difference(a: Uint32Array | Uint16Array, b: Uint32Array | Uint16Array): number {
  expect(a.length).toBe(b.length);
  return a.findIndex((bits, i) => bits !== b[i]);
}

/** Reproducible numbers of many magnitudes. */
export function numbers(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 31 - 1) * 2 ** ((state >>> 7) % 9);
  });
}

export function encoded(values: Float32Array, dtype: FloatDType): Float32Array | Uint16Array {
  if (dtype === 'float32') return values;
  return Uint16Array.from(values, dtype === 'float16' ? float16Bits : bfloat16Bits);
}
