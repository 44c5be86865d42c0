import { bytesPerElement, encode, type FloatDType, resolveOptions } from '@rmsnorm/core';
import type { Expected } from './exact/expected.ts';
import { exact } from './exact/index.ts';
import type { BenchOp, Spec } from './spec.ts';

export type Elements = Float32Array | Uint16Array | Int8Array;

/** What an operation reads beside x. */
type SecondInput = 'residual' | 'gate' | 'dy';

/** One row of a table: a size and a dtype, with its inputs and the right answer. */
export interface Workload extends Spec {
  readonly eps: number;
  /** x and, where the operation has one, its second input: by their names. */
  readonly inputs: { readonly x: Float32Array | Uint16Array } & {
    readonly [name in SecondInput]?: Float32Array | Uint16Array;
  };
  /** float32; every value is exact in all three dtypes. */
  readonly gamma: Float32Array;
  /** In float64 arithmetic, by the outputs' names. */
  readonly expected: Readonly<Record<string, Expected>>;
  /** Bytes of the inputs and outputs that are as large as x, each once. A copy of half of them moves as many. */
  readonly bytesMoved: number;
}

const SECOND_INPUT: Readonly<Record<BenchOp, SecondInput | null>> = {
  forward: null,
  addForward: 'residual',
  gatedForward: 'gate',
  backward: 'dy',
  forwardQuantized: null,
};

export function makeWorkload(spec: Spec): Workload {
  const { op, dtype, shape } = spec;
  const { eps, features } = resolveOptions(shape.options);
  const second = SECOND_INPUT[op];
  const inputs = {
    x: uniform(shape.elements, 12345, dtype),
    ...(second && { [second]: uniform(shape.elements, 54321, dtype) }),
  };
  const gamma = Float32Array.from({ length: features }, (_, i) => 0.5 + ((i * 37) % 64) / 64);
  const expected = exact({ op, dtype, layout: shape.layout, eps, gamma, inputs });
  const outputs = Object.values(expected).filter(({ values }) => values.length === shape.elements);
  const bytesOfElement =
    Object.keys(inputs).length * bytesPerElement(dtype) +
    outputs.reduce((sum, output) => sum + bytesPerElement(output.dtype), 0);
  return { ...spec, eps, inputs, gamma, expected, bytesMoved: bytesOfElement * shape.elements };
}

/** The second input. @throws Error where the operation has none */
export function secondInput({ op, inputs }: Workload): Float32Array | Uint16Array {
  const name = SECOND_INPUT[op];
  const data = name && inputs[name];
  if (!data) throw new Error(`${op} has one input`);
  return data;
}

/** Values in [-1, 1) of a fixed sequence (the 32-bit generator of Numerical Recipes). */
function uniform(length: number, seed: number, dtype: FloatDType): Float32Array | Uint16Array {
  const values = new Float32Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    values[i] = state / 2 ** 31;
  }
  return dtype === 'float32' ? values : encode(values, dtype);
}
