import { afterAll, expect, test } from 'vitest';
import { gammaOf, normal } from '../../src/inputs/distributions.ts';
import { elements } from '../../src/inputs/elements.ts';
import { createRandom } from '../../src/inputs/random.ts';
import { largestDifference } from './difference.ts';
import { referenceForward } from './reference-forward.ts';
import { runTfjs } from './tfjs.ts';

const SHAPES = [[7], [5, 7], [3, 5, 7], [2, 3, 5, 7], [2, 3, 4, 5, 7], [2, 512, 4, 4], [8, 768]];
const EPS = [1e-12, 1e-6, 1e-3, 0.1];

/** In ulp, between float32 ops, each of them rounded, and the exact result rounded once. */
const TOLERANCE = 8;

let largest = 0;

/** Every run of neighbouring axes: one alone, as channels-first has it, up to all of them. */
const cases = SHAPES.flatMap((shape) =>
  shape.flatMap((_, axis) =>
    Array.from({ length: shape.length - axis }, (_, more) => ({
      shape,
      axes: Array.from({ length: more + 1 }, (_, i) => axis + i),
    })),
  ),
);

test.for(cases)('tfjs composed of ops agrees with reference(): shape $shape, axes $axes', async ({ shape, axes }) => {
  const dims = axes.map((axis) => shape[axis]!);
  const random = createRandom(4, `${shape} ${axes}`);
  const x = elements('float32', normal()(random, product(shape))).values;
  const gamma = gammaOf(random, product(dims));
  for (const eps of EPS) {
    const ours = await referenceForward({ dim: dims, axis: axes[0], eps }, shape, x, gamma);
    const theirs = await runTfjs({ shape, axes, epsilon: eps }, x, gamma);
    const found = largestDifference(theirs, ours, 'float32');
    largest = Math.max(largest, found);
    expect(found).toBeLessThanOrEqual(TOLERANCE);
  }
});

afterAll(() => console.log(`largest difference between tfjs and reference(): ${largest.toPrecision(3)} ulp`));

function product(lengths: readonly number[]): number {
  return lengths.reduce((total, length) => total * length, 1);
}
