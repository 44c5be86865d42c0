import { decode, presets } from '@rmsnorm/core';
import { afterAll, describe, expect, test } from 'vitest';
import { gammaOf, normal } from '../../src/inputs/distributions.ts';
import { elements } from '../../src/inputs/elements.ts';
import { createRandom } from '../../src/inputs/random.ts';
import { largestDifference } from './difference.ts';
import type { OnnxDType, OnnxNorm } from './norm-model.ts';
import { runOnnx } from './onnxruntime.ts';
import { referenceForward } from './reference-forward.ts';

const OPERATORS = [
  { op: 'RMSNormalization', opset: 23 },
  { op: 'SimplifiedLayerNormalization', opset: 17 },
] as const;

/** Distinct lengths: a wrong axis shows. */
const SHAPES = [[7], [5, 7], [3, 5, 7], [2, 3, 5, 7], [2, 3, 4, 5, 7]];
const EPS = [1e-12, 1e-6, 1e-5, 0.1];

/**
 * In ulp of the dtype, between ORT and the exact result rounded once. ORT chains a row's float32 additions, whose
 * roundings add up like steps at random, and rounds r, x * r and y. float16: the one rounding may go the other way.
 */
function tolerance(dtype: OnnxDType, rowSize: number): number {
  return dtype === 'float16' ? 1 : 3 + Math.sqrt(rowSize);
}

/** What was seen, by operator, dtype and width of rows. */
const largest = new Map<string, number>();

async function expectAgreement(norm: OnnxNorm): Promise<void> {
  const { op, dtype, shape, axis, epsilon } = norm;
  const random = createRandom(3, JSON.stringify(norm));
  const dims = shape.slice(axis);
  const x = elements(dtype, normal()(random, product(shape))).values;
  const gamma = elements(dtype, gammaOf(random, product(dims))).values;
  const ours = await referenceForward(
    presets.onnx(dims, { axis, eps: Math.fround(epsilon), casting: 'gemma' }),
    shape,
    x,
    gamma,
    dtype,
  );
  const theirs = decode(await runOnnx(norm, x, gamma), dtype);
  const found = largestDifference(theirs, ours, dtype);
  const key = `${op} ${dtype}, rows of ${product(dims) < 256 ? 'less than 256' : 'up to 65,537'}`;
  largest.set(key, Math.max(found, largest.get(key) ?? 0));
  expect(found).toBeLessThanOrEqual(tolerance(dtype, product(dims)));
}

describe.for(OPERATORS)('onnxruntime-web $op agrees with reference()', ({ op, opset }) => {
  describe.for(['float32', 'float16'] satisfies OnnxDType[])('%s', (dtype) => {
    const everyAxis = SHAPES.flatMap((shape) =>
      shape.flatMap((_, axis) => [axis, axis - shape.length].map((at) => ({ shape, axis: at }))),
    );

    test.for(everyAxis)('shape $shape, axis $axis', async ({ shape, axis }) => {
      for (const epsilon of EPS) {
        await expectAgreement({ op, opset, dtype, shape, axis, epsilon });
      }
    });

    test.for([
      { shape: [4, 768], axis: -1 },
      { shape: [2, 3, 4096], axis: -1 },
      { shape: [2, 8, 16, 32], axis: 1 },
      { shape: [1, 65_537], axis: -1 },
    ])('wide rows: shape $shape, axis $axis', async ({ shape, axis }) => {
      await expectAgreement({ op, opset, dtype, shape, axis, epsilon: 1e-5 });
    });
  });

  test("onnxruntime's own test data, simplified-layer-norm.jsonc", async () => {
    const shape = [1, 2, 8];
    const x = Float32Array.from({ length: 16 }, (_, i) => i + 1);
    const gamma = new Float32Array(8).fill(2);
    const theirs = await runOnnx({ op, opset, dtype: 'float32', shape, axis: -1, epsilon: 1e-5 }, x, gamma);
    const ours = await referenceForward(presets.onnx(8, { eps: 1e-5 }), shape, x, gamma);
    expect(theirs[0]).toBe(0.39605894684791565);
    expect(largestDifference(ours.slice(0, 1), [0.39605894684791565], 'float32')).toBeLessThanOrEqual(1);
  });
});

afterAll(() => {
  const lines = [...largest].map(([what, ulps]) => `  ${what}: ${ulps.toPrecision(3)} ulp`);
  console.log(`largest difference between onnxruntime-web and reference()\n${lines.join('\n')}`);
});

function product(lengths: readonly number[]): number {
  return lengths.reduce((total, length) => total * length, 1);
}
