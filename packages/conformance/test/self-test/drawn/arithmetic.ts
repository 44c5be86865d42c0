import type { Accuracy, Supports } from '@rmsnorm/core';
import type { Random } from '../../../src/index.ts';
import type { Order } from './orders.ts';

/** What a right driver is free to choose in its numbers. */
export interface Arithmetic {
  readonly squares: Order;
  readonly dot: Order;
  /** float64 from the first product to the last, rounded once; else float32 products. */
  readonly float64: boolean;
  /** Relative error of the root, of either sign where `wavers`. */
  readonly rootError: number;
  readonly siluError: number;
  /** The errors change from row to row, and so does the order of sums: without the promise 'invariance' alone. */
  readonly wavers: boolean;
  /** x * (r * w) instead of (x * r) * w. */
  readonly weightFirst: boolean;
  /** The product and beta in one rounding. */
  readonly fused: boolean;
  /** Inputs below it count as 0: of float32, of the dtype, or none. */
  readonly flushesInputs: 'none' | 'float32' | 'dtype';
  readonly flushesResults: boolean;
  /** Zero denominators, infinities and NaN give whatever comes out: without the promise 'nonFinite' alone. */
  readonly careless: boolean;
  /** Rows whose squares overflow are redone. */
  readonly rescues: boolean;
  readonly sigmoid: boolean;
  readonly gradientSums: 'float64' | 'compensated' | 'backwards';
  readonly gradients: 'float64' | 'float32';
  /** Where y / scale is this close to a half, q is the other neighbour. */
  readonly halfError: number;
  readonly scaleError: number;
  /** y / scale as y * (1 / scale). */
  readonly reciprocal: boolean;
  /** Relative error of a 16-bit y, before its rounding. */
  readonly stepError: number;
}

const ULP = 2 ** -23;

export function drawArithmetic(random: Random, { accuracy, promises }: Supports): Arithmetic {
  const half = (): boolean => random.uniform() < 0.5;
  const promised = (promise: Supports['promises'][number]): boolean => promises.includes(promise);
  const squares = drawOrder(random, accuracy);
  const float64 = half();
  const [rootError, siluError, stepError] = drawErrors(random, accuracy, float64, squares);
  return {
    squares,
    dot: drawOrder(random, accuracy),
    float64,
    rootError,
    siluError,
    stepError,
    wavers: !promised('invariance') && half(),
    weightFirst: half(),
    fused: half(),
    flushesInputs: promised('subnormals') ? 'none' : random.pick(['none', 'float32', 'dtype']),
    flushesResults: half(),
    careless: !promised('nonFinite') && half(),
    rescues: promised('extremes') || half(),
    sigmoid: half(),
    gradientSums: random.pick(['float64', 'compensated', 'backwards']),
    gradients: random.pick(['float64', 'float32']),
    halfError: random.pick([0, 0.9e-4]),
    scaleError: random.pick([0, ULP, -ULP]),
    reciprocal: half(),
  };
}

function drawOrder(random: Random, accuracy: Accuracy): Order {
  const width = random.pick([2, 3, 4, 8, 16, 32, 64, 100, 256]);
  const exact: readonly Order[] = [
    { kind: 'serial' },
    { kind: 'reversed' },
    { kind: 'halves' },
    { kind: 'fours' },
    { kind: 'compensated' },
    { kind: 'lanes', width },
  ];
  switch (accuracy) {
    case 'ieee':
      return random.pick(exact);
    case 'webgpu':
      return random.pick([...exact, { kind: 'blocks', width: random.integer(2, 8) }]);
    case 'loose':
      return random.pick([
        ...exact,
        { kind: 'blocks', width: random.integer(2, 8) },
        { kind: 'float32-lanes', width: 4096 },
      ]);
  }
}

/** What the class leaves after the roundings of products and sums: of the root, of silu, of a 16-bit result. */
function drawErrors(
  random: Random,
  accuracy: Accuracy,
  float64: boolean,
  { kind }: Order,
): readonly [number, number, number] {
  const any = (most: number): number => random.pick([0, 0, 1, -1, 0.5, -0.5]) * most;
  switch (accuracy) {
    case 'ieee':
      return [any(float64 ? ULP : kind === 'fours' ? 0 : ULP / 4), any(ULP / 2), 0];
    case 'webgpu':
      return [any(kind === 'blocks' ? ULP / 2 : ULP), any(ULP), 0];
    case 'loose':
      return [any(3e-6), any(2e-6), any(1)];
  }
}
