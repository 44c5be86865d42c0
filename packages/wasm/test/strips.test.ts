import { readFile } from 'node:fs/promises';
import { bfloat16Bits, bfloat16Value, type FloatDType, float16Bits, float16Value } from '@rmsnorm/core';
import { describe, expect, test } from 'vitest';
import { type AnyProblem, Descriptor } from '../src/descriptor.ts';
import { OP, WORD } from '../src/generated/descriptor/index.ts';
import { HEAP_BASE, type Kernels, MODULE_BYTES, PAGE_BYTES } from '../src/kernels.ts';

// Channels-first tensors so long or so wide that assembly/columns/strips.ts does them in several parts, which no case of
// the conformance suite is; and bytes of scratch memory, which it cannot see.

const module = await WebAssembly.compile(await readFile(new URL('../dist/rmsnorm.wasm', import.meta.url)));
const memory = new WebAssembly.Memory({ initial: 64, maximum: 65536 });
const kernels = (await WebAssembly.instantiate(module, { env: { memory } })).exports as unknown as Kernels;

const CODE = {
  float32: [(v: number) => v, (v: number) => v],
  float16: [float16Bits, float16Value],
  bfloat16: [bfloat16Bits, bfloat16Value],
} as const;

/** Reproducible numbers between -2 and 2, as the dtype has them. */
function numbers(count: number, seed: number, dtype: FloatDType): Float32Array | Uint16Array {
  const [encode] = CODE[dtype];
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return encode(Math.fround(state / 2 ** 30 - 2));
  };
  const array = dtype === 'float32' ? new Float32Array(count) : new Uint16Array(count);
  for (let i = 0; i < count; i++) array[i] = next();
  return array;
}

type Operation = 'addForward' | 'gate first' | 'gate last' | 'forwardQuantized' | 'sumSquares';

interface Case {
  readonly op: Operation;
  readonly dtype: FloatDType;
  readonly groups: number;
  readonly size: number;
  readonly inner: number;
  /** Without it there are as many ones in memory as a piece has. */
  readonly weighted: boolean;
}

const GUARD = 0xa5;

const isGated = (op: Operation): op is 'gate first' | 'gate last' => op === 'gate first' || op === 'gate last';

function problemOf({ op, dtype, groups, size, inner }: Case): AnyProblem {
  return {
    outer: 1,
    groups,
    size,
    inner,
    statSize: size,
    dtype,
    eps: 0,
    epsMode: 'add',
    alpha: 1,
    weightOffset: 0,
    casting: isGated(op) ? 'llama' : 'gemma',
    normBeforeGate: op === 'gate last',
  };
}

/**
 * y, and sum of addForward or the scales, as numbers; of sumSquares the sums. Checks that nothing was written behind
 * scratch memory.
 */
function run(
  { op, dtype, groups, size, inner, weighted }: Case,
  x: Float32Array | Uint16Array,
  other: Float32Array | Uint16Array,
  weights: Float32Array[],
) {
  const descriptor = new Descriptor(memory, MODULE_BYTES);
  const problem = problemOf({ op, dtype, groups, size, inner, weighted });
  descriptor.describe(OP[isGated(op) ? 'gatedForward' : op], problem, problem);
  const scratchBytes = kernels.complete(descriptor.address) >>> 0;
  let end = HEAP_BASE;
  const place = (bytes: number): number => {
    const at = end;
    end = Math.ceil((at + bytes + 64) / 64) * 64;
    return at;
  };
  const elements = groups * size * inner;
  const [first, second, y, sum] = [1, 2, 3, 4].map(() => place(x.byteLength)) as [number, number, number, number];
  const [gamma, beta] = [1, 2].map(() => place(groups * size * 4)) as [number, number];
  const rows = place(groups * inner * 4);
  const scratch = place(scratchBytes);
  memory.grow(Math.max(0, Math.ceil((end + 64) / PAGE_BYTES) - memory.buffer.byteLength / PAGE_BYTES));
  new Uint8Array(memory.buffer, HEAP_BASE, end - HEAP_BASE).fill(GUARD);
  const write = (at: number, from: Float32Array | Uint16Array): void =>
    new Uint8Array(memory.buffer).set(new Uint8Array(from.buffer, from.byteOffset, from.byteLength), at);
  write(first, x);
  write(second, other);
  write(gamma, weights[0]!);
  write(beta, weights[1]!);
  const { words } = descriptor;
  words[WORD.x] = first;
  words[WORD.residual] = words[WORD.gate] = second;
  words[WORD.sum] = sum;
  words[WORD.y] = words[WORD.q] = y;
  words[WORD.gamma] = weighted ? gamma : 0;
  words[WORD.beta] = beta;
  words[isGated(op) || op === 'addForward' ? WORD.rstd : op === 'sumSquares' ? WORD.sums : WORD.scales] = rows;
  kernels.run(descriptor.address, scratch);
  const behind = new Uint8Array(memory.buffer, scratch + scratchBytes, 64);
  expect(behind.every((byte) => byte === GUARD)).toBe(true);
  const decode = (at: number): Float64Array => {
    const array =
      dtype === 'float32'
        ? new Float32Array(memory.buffer, at, elements)
        : new Uint16Array(memory.buffer, at, elements);
    return Float64Array.from(array, CODE[dtype][1]);
  };
  return {
    y: op === 'forwardQuantized' ? Float64Array.from(new Int8Array(memory.buffer, y, elements)) : decode(y),
    sum: decode(sum),
    rows: Float64Array.from(new Float32Array(memory.buffer, rows, groups * inner)),
  };
}

const CASES: readonly (Omit<Case, 'op' | 'dtype'> & { readonly what: string })[] = [
  { what: 'columns longer than a piece of the weights', groups: 1, size: 20_000, inner: 9, weighted: false },
  { what: 'rows wider than a run', groups: 1, size: 3, inner: 5000, weighted: true },
  { what: 'several strips', groups: 2, size: 300, inner: 1300, weighted: true },
];
/** Errors allowed, relative to the larger of |x r w| and |beta|: 8 ulp, or two steps of a 16-bit type. */
const ALLOWED = { float32: 2 ** -20, float16: 2 ** -9, bfloat16: 2 ** -6 } as const;

describe.each(CASES)('$what', ({ groups, size, inner, weighted }) => {
  test.each(
    (['addForward', 'gate first', 'gate last', 'forwardQuantized', 'sumSquares'] as const).flatMap((op) =>
      (['float32', 'float16', 'bfloat16'] as const).map((dtype) => ({ op, dtype })),
    ),
  )('$op of $dtype is the formula', ({ op, dtype }) => {
    const elements = groups * size * inner;
    const x = numbers(elements, 1, dtype);
    const other = numbers(elements, 2, dtype);
    // A column of zeros is done by itself, as its denominator is 0.
    for (let at = 7; at < elements; at += inner) x[at] = other[at] = 0;
    const weights = [3, 4].map((seed) => numbers(groups * size, seed, 'float32') as Float32Array);
    const result = run({ op, dtype, groups, size, inner, weighted }, x, other, weights);
    const [encode, decode] = CODE[dtype];
    const round = (v: number): number => decode(encode(Math.fround(v)));
    const silu = (z: number): number => z / (1 + Math.exp(-z));
    let worst = 0;
    for (let column = 0; column < inner; column++) {
      const normalized: number[] = [];
      const magnitudes: number[] = [];
      for (let group = 0; group < groups; group++) {
        const indices = Array.from({ length: size }, (_, i) => (group * size + i) * inner + column);
        const values = indices.map((at) => {
          const [a, b] = [decode(x[at]!), decode(other[at]!)];
          if (op === 'addForward') return round(a + b);
          return op === 'gate first' ? a * silu(b) : a;
        });
        const sum = values.reduce((total, v) => total + v * v, 0);
        if (op === 'sumSquares') {
          worst = Math.max(worst, Math.abs(result.rows[group * inner + column]! - sum) / (sum * 2 ** -20 || 1));
          continue;
        }
        const r = sum === 0 ? 0 : 1 / Math.sqrt(sum / size);
        values.forEach((v, i) => {
          const feature = group * size + i;
          const t = op.startsWith('gate') ? round(v * r) : v * r;
          const [product, beta] = [t * (weighted ? weights[0]![feature]! : 1), weights[1]![feature]!];
          normalized.push(product + beta);
          magnitudes.push(Math.max(Math.abs(product), Math.abs(beta)));
        });
        if (op === 'addForward') expect(indices.every((at, i) => result.sum[at] === values[i])).toBe(true);
      }
      const largest = Math.max(...normalized.map(Math.abs));
      normalized.forEach((v, feature) => {
        const at = feature * inner + column;
        const got = result.y[at]!;
        if (op === 'forwardQuantized') {
          // Half a step, and what the division adds to it.
          const step = result.rows[column]!;
          worst = Math.max(
            worst,
            Math.abs(step * 127 - largest) / (largest * 2 ** -20),
            Math.abs(got * step - v) / (step * 0.5001),
          );
        } else {
          const factor = op === 'gate last' ? silu(decode(other[at]!)) : 1;
          // Products and results may be subnormal: a step is 2^-24 in float16.
          const allowed =
            ALLOWED[dtype] * magnitudes[feature]! * Math.abs(factor) + (dtype === 'float16' ? 2 ** -23 : 2 ** -125);
          worst = Math.max(worst, Math.abs(got - v * factor) / allowed);
        }
      });
    }
    expect(worst).toBeLessThan(1);
  });
});
