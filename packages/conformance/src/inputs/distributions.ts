import { Math } from '../globals.ts';
import type { Random } from './random.ts';

/** Where the numbers of a case come from: `count` of them, the same for the same stream of random numbers. */
export type Distribution = (random: Random, count: number) => Float64Array;

/** Standard normal, times `factor`. Like the next ones in a loop of its own: tens of millions of numbers are drawn. */
export const normal =
  (factor = 1): Distribution =>
  (random, count) => {
    const numbers = new Float64Array(count);
    for (let i = 0; i < count; i++) numbers[i] = factor * random.normal();
    return numbers;
  };

/** One number everywhere, of full precision: each square rounds the same way, so that the errors of a sum add up. */
export const constant: Distribution = (random, count) =>
  new Float64Array(count).fill(Math.fround(random.pick([-1, 1]) * (1 + random.uniform())));

/** Log-normal with sigma 3: a few elements carry the sum, as outlier features of language models do. */
export const heavyTailed: Distribution = (random, count) => {
  const numbers = new Float64Array(count);
  for (let i = 0; i < count; i++) numbers[i] = random.pick(SIGNS) * Math.exp(Math.min(9, 3 * random.normal()));
  return numbers;
};

const SIGNS = [-1, 1];

/** These very numbers, over and over. */
export const cycle =
  (values: readonly number[]): Distribution =>
  (_random, count) => {
    const numbers = new Float64Array(count);
    for (let i = 0; i < count; i++) numbers[i] = values[i % values.length]!;
    return numbers;
  };

/** Uniform between `from` and `to`. */
export const uniform =
  (from: number, to: number): Distribution =>
  (random, count) =>
    new Float64Array(count).map(() => from + (to - from) * random.uniform());

/** `value` at one place among numbers of another distribution: a NaN, an infinity, an outlier. */
export const oneAt =
  (place: number, value: number, others: Distribution = normal()): Distribution =>
  (random, count) =>
    others(random, count).fill(value, place, place + 1);

/** Standard normal, but zeros in the first, third, ... of `outer` equal parts: 0, or what `zero` makes of the number. */
export const zerosInTurn =
  (outer: number, zero: (value: number) => number = () => 0): Distribution =>
  (random, count) =>
    normal()(random, count).map((value, i) => (Math.floor((i * outer) / count) % 2 === 0 ? zero(value) : value));

/** What `draw` gives, and for the same stream of random numbers the same again: one tensor's contents for two inputs. */
export function repeated(draw: (random: Random, count: number) => ArrayLike<number>): Distribution {
  const drawn = new WeakMap<Random, Float64Array>();
  return (random, count) => {
    const numbers = drawn.get(random) ?? Float64Array.from(draw(random, count));
    drawn.set(random, numbers);
    return numbers.slice();
  };
}

/** Weights around 1, different for every feature and of both signs, so that one in the wrong place shows. */
export function gammaOf(random: Random, features: number): Float32Array {
  return new Float32Array(features).map(() => random.pick([1, 1, 1, -1]) * (0.25 + 1.5 * random.uniform()));
}

export function betaOf(random: Random, features: number): Float32Array {
  return new Float32Array(features).map(() => random.normal());
}
