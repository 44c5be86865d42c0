import { expect, test } from 'vitest';
import { cycle } from '../inputs/distributions.ts';
import { createRandom } from '../inputs/random.ts';
import { GATED_FORWARD } from './gated-forward.ts';
import type { PreparedCall } from './operation-model.ts';

/** A row of ones, normalized, plus beta, times an infinite silu. */
function prepared(beta: number): PreparedCall {
  const spec = {
    shape: [1, 4],
    options: { dim: 4, axis: -1, normBeforeGate: true },
    x: cycle([1]),
    gamma: null,
    beta: cycle([beta]),
    gate: cycle([Number.POSITIVE_INFINITY]),
  } as const;
  return GATED_FORWARD.prepare(spec, createRandom(0));
}

const four = (value: number): Float32Array => new Float32Array(4).fill(value);

test('where beta cancels the norm in float32, an infinite gate leaves y open', () => {
  // In float64 there remains about 1e-8, of either sign by the last rounding; in float32 a 0.
  const call = prepared(-Math.fround(1 / Math.sqrt(1 + 1e-6)));
  for (const y of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    expect(() => call.compare({ y: four(y) }, { accuracy: 'ieee' })).not.toThrow();
  }
});

test('where it does not cancel, y is infinite', () => {
  const call = prepared(-0.5);
  expect(() => call.compare({ y: four(Number.POSITIVE_INFINITY) }, { accuracy: 'ieee' })).not.toThrow();
  expect(() => call.compare({ y: four(Number.NaN) }, { accuracy: 'ieee' })).toThrow('elements of y are wrong');
});
