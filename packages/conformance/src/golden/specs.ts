import type { FloatDType, RMSNormOptions } from '@rmsnorm/core';
import { type Elements, elements } from '../inputs/elements.ts';
import { createRandom } from '../inputs/random.ts';

/** A normalization that another program has run; `recorded.ts` holds what it gave. */
export interface GoldenSpec {
  readonly id: string;
  readonly program: 'RMSNormalization' | 'SimplifiedLayerNormalization' | 'tfjs';
  readonly dtype: FloatDType;
  readonly shape: readonly number[];
  /** The first axis that is normalized, and how many from there on. */
  readonly axis: number;
  readonly axes: number;
  readonly eps: number;
}

/** Ranks 1 to 5; no two lengths of a shape are the same, but for a 1. */
const SHAPES: readonly (readonly number[])[] = [[7], [5, 7], [3, 4, 5], [2, 3, 4, 5], [2, 3, 1, 4, 5]];
const EPS = [1e-5, 0.1, 1e-12, 1e-6, 1e-3];

/** ONNX: an axis and all that follow it. onnxruntime's older operator runs the same kernel, so rank 3 is enough. */
const onnx: GoldenSpec[] = (['float32', 'float16'] as const).flatMap((dtype) => [
  ...SHAPES.flatMap((shape) => trailing('RMSNormalization', dtype, shape)),
  ...trailing('SimplifiedLayerNormalization', dtype, [3, 4, 5]),
]);

/** TensorFlow.js, composed of ops: one axis, channels-first too. Its CPU kernels are float32. */
const tfjs: GoldenSpec[] = SHAPES.flatMap((shape) =>
  shape.map((_, axis) => spec({ program: 'tfjs', dtype: 'float32', shape, axis, axes: 1, eps: EPS[axis]! })),
);

export const GOLDEN_SPECS: readonly GoldenSpec[] = [...onnx, ...tfjs];

/** Drawn from the id without transcendental functions, thus the same bits in every engine: only results are recorded. */
export function goldenInputs({ id, dtype, shape, axis, axes }: GoldenSpec): { x: Elements; gamma: Elements } {
  const random = createRandom(0, id);
  const draw = (lengths: readonly number[]): Elements => {
    const count = lengths.reduce((product, length) => product * length, 1);
    return elements(
      dtype,
      Float64Array.from({ length: count }, () => random.integer(-1024, 1024) / 512),
    );
  };
  return { x: draw(shape), gamma: draw(shape.slice(axis, axis + axes)) };
}

/** The options for what the program was asked to do. All of them round once. */
export function goldenOptions({ shape, axis, axes, eps }: GoldenSpec): RMSNormOptions {
  return { dim: shape.slice(axis, axis + axes), axis, eps };
}

function trailing(program: GoldenSpec['program'], dtype: FloatDType, shape: readonly number[]): GoldenSpec[] {
  return shape.map((_, axis) => spec({ program, dtype, shape, axis, axes: shape.length - axis, eps: EPS[axis]! }));
}

function spec(of: Omit<GoldenSpec, 'id'>): GoldenSpec {
  const { program, dtype, shape, axis, eps } = of;
  return { ...of, id: `program=${program},dtype=${dtype},shape=${shape.join('x')},axis=${axis},eps=${eps}` };
}
