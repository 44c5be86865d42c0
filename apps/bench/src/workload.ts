import { bytesPerElement, encode, type FloatDType, resolveOptions } from '@rmsnorm/core';
import type { FloatElements, Inputs, SecondInput } from './elements.ts';
import type { Expected } from './exact/expected.ts';
import { exactOutputs } from './exact/index.ts';
import type { BenchOp, Spec } from './spec.ts';

/** A row of a table with its data: inputs, and the right outputs. */
export interface Workload extends Spec {
  readonly eps: number;
  readonly inputs: Inputs;
  /** Whether the norm has a gamma. */
  readonly affine: boolean;
  /** float32; every value is exact in all three dtypes. Ones where the norm has none. */
  readonly gamma: Float32Array;
  /** Computed in float64, by the outputs' names. */
  readonly expected: Readonly<Record<string, Expected>>;
  /** The bytes of all inputs and outputs that are as large as x. A copy of half of them moves as many. */
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
  const { eps, features, affine } = resolveOptions(shape.options);
  const second = SECOND_INPUT[op];
  const inputs = {
    x: uniform(shape.elements, 12345, dtype),
    ...(second && { [second]: uniform(shape.elements, 54321, dtype) }),
  };
  const gamma = Float32Array.from({ length: features }, (_, i) => (affine ? 0.5 + ((i * 37) % 64) / 64 : 1));
  const expected = exactOutputs({ op, dtype, layout: shape.layout, eps, affine, gamma, inputs });
  const outputs = Object.values(expected).filter(({ values }) => values.length === shape.elements);
  const bytesOfElement =
    Object.keys(inputs).length * bytesPerElement(dtype) +
    outputs.reduce((sum, output) => sum + bytesPerElement(output.dtype), 0);
  return { ...spec, eps, inputs, affine, gamma, expected, bytesMoved: bytesOfElement * shape.elements };
}

/** x and, where the operation has one, its second input. */
export function inputArrays({ op, inputs }: Pick<Workload, 'op' | 'inputs'>): [FloatElements, FloatElements?] {
  const second = SECOND_INPUT[op];
  return second === null ? [inputs.x] : [inputs.x, inputs[second]!];
}

/**
 * Values in [-1, 1). Always the same ones, so that runs of different versions compare: the generator of Numerical
 * Recipes.
 */
function uniform(length: number, seed: number, dtype: FloatDType): FloatElements {
  const values = new Float32Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    values[i] = state / 2 ** 31;
  }
  return encode(values, dtype);
}
