import type { Feature, FloatDType, Op, Supports } from '@rmsnorm/core';
import { featuresOf } from '../case/supported.ts';
import type { Random } from '../inputs/random.ts';
import { drawAlike, drawElements, MODERATE, promisedRange, type Range } from './bit-patterns.ts';
import type { Bits, Trial } from './trial.ts';

/** Around vectors and blocks; wide rows are rare, since rows are what is counted. */
const SIZES = [1, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 130, 257, 515];
const WIDE = [1024, 1031, 4096, 4099, 8197];
const EPS = [0, 0, 1e-6, 1e-5, 1e-12, 1e-8, 1e-30, 1e-40, 1e-60, 0.5, 1000, 1e10, 1e30];

/** A call of `op` that a backend with these `supports` must be right on. */
export function drawTrial(random: Random, supports: Supports, op: Op, dtype: FloatDType): Trial {
  const features = new Set(featuresOf(supports, op));
  const extremes = supports.promises.includes('extremes');
  const maybe = (feature: Feature, chance: number): boolean => features.has(feature) && random.uniform() < chance;
  const sharded = op === 'sumSquares' || op === 'scaleBy';

  const inner = maybe('inner', 0.4) ? random.pick([2, 3, 4, 5, 8, 15, 16, 17, 33, 67]) : 1;
  const groups = maybe('groups', 0.3) ? random.integer(2, 5) : 1;
  const wide = random.uniform() < 0.004;
  const size = random.pick(wide ? WIDE : inner > 1 ? SIZES.slice(0, -6) : SIZES);
  const outer = wide ? 1 : random.integer(1, Math.max(1, Math.floor(80 / (groups * inner))));
  const spread = random.uniform() < 0.2;

  const clamp = maybe('clamp', 0.25);
  const partial = !sharded && !clamp && maybe('partial', 0.3) ? random.pick([0.01, 0.25, 0.5, 0.99]) : 1;
  const gamma = op !== 'sumSquares' && random.uniform() < 0.75;
  const offset = gamma && maybe('weightOffset', 0.25) ? random.pick([1, -1, 0.5, 3]) : 0;
  const eps = random.pick(
    extremes && op !== 'gatedForward' ? EPS : EPS.filter((value) => value >= 1e-12 && value <= 1000),
  );
  const scale = random.uniform() < 0.25 ? random.pick([1, -0.5, 3, 0.01, 100, 1 / 3]) : null;
  const beta = op !== 'sumSquares' && maybe('beta', 0.3);

  // A statistic beyond float32 cannot be given back, and what such an x does to given sums the contract leaves open.
  const rstd = !sharded && op !== 'forwardQuantized' && maybe('rstd', 0.3);
  const promised = promisedRange(dtype, supports.promises);
  const numbers = rangeOf(op, promised, rstd);
  const count = outer * groups * size * inner;
  const rowOf = (flat: number): number => Math.floor(flat / (size * inner)) * inner + (flat % inner);
  const elements = (range: Range): Bits => drawElements(random, range, count, rowOf);
  const weights = (): Bits => drawAlike(random, weightRange(op, supports), groups * size);
  const moderate = { ...promised, exponents: MODERATE };
  return {
    op,
    dtype,
    outer,
    groups,
    size,
    inner,
    spread,
    options: {
      eps,
      ...(clamp && { epsMode: 'clamp' }),
      ...(scale !== null && { scale }),
      ...(partial < 1 && { partial }),
      ...(offset !== 0 && { weightOffset: offset }),
      ...(op !== 'sumSquares' && maybe('llama', 0.25) && { casting: 'llama' }),
      ...(op === 'gatedForward' && random.bits() & 1 && { normBeforeGate: true }),
    },
    rstd,
    scale: op === 'forwardQuantized' && random.uniform() < 0.4 ? 2 ** random.integer(-12, 6) * 1.1 : null,
    others: op === 'scaleBy' ? random.pick([0, 1, 100]) : 0,
    inputs: {
      // As with weights: an infinity times a silu that vanishes.
      x: elements(op === 'gatedForward' ? { ...numbers, finite: true } : numbers),
      ...(gamma && { gamma: weights() }),
      ...(beta && { beta: weights() }),
      ...(op === 'addForward' && { residual: elements(numbers) }),
      ...(op === 'gatedForward' && { gate: elements(numbers) }),
      ...(op === 'backward' && { dy: elements(moderate) }),
      ...(op === 'backward' && random.uniform() < 0.3 && { dsum: elements(moderate) }),
      ...(op === 'scaleBy' && { sums: drawSums(random, extremes, outer * groups * inner, size) }),
    },
  };
}

/** x, and what is added to it or gates it. */
function rangeOf(op: Op, promised: Range, rstd: boolean): Range {
  if (op === 'backward' && rstd) return { ...promised, exponents: MODERATE };
  if (op === 'scaleBy') return { ...promised, finite: true };
  // The contract's bound holds for magnitudes up to 1e15, and where x * silu(gate) and the norm itself are normal numbers.
  if (op === 'gatedForward' && promised.exponents === null && promised.dtype !== 'float16') {
    return { ...promised, exponents: [-40, 49] };
  }
  return promised;
}

/** Any bits where y = x * r * w alone is at stake; elsewhere products of weights and others must stay within float32. */
function weightRange(op: Op, { promises }: Supports): Range {
  const range = promisedRange('float32', promises);
  return op === 'forward' || op === 'addForward' || op === 'scaleBy'
    ? range
    : // An infinite weight times a silu that float32 does not hold is NaN.
      { ...range, exponents: MODERATE, finite: range.finite || op === 'gatedForward' };
}

/** Sums of squares within what the contract asks of scaleBy: from size * 2^-98 to 2^126. */
function drawSums(random: Random, extremes: boolean, rows: number, size: number): Uint32Array {
  const [low, high] = extremes ? [Math.ceil(Math.log2(size)) - 97, 125] : MODERATE;
  const sums = Float32Array.from({ length: rows }, () => 2 ** random.integer(low, high - 1) * (1 + random.uniform()));
  return new Uint32Array(sums.buffer);
}
