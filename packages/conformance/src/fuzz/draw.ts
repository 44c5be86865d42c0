import type { Feature, FloatDType, Op, Supports } from '@rmsnorm/core';
import { featuresOf } from '../case/supported.ts';
import type { Random } from '../inputs/random.ts';
import { unreachable } from '../unreachable.ts';
import { drawElements, drawWeights, MODERATE, promisedRange, type Range } from './bit-patterns.ts';
import type { Bits, Trial } from './trial.ts';

/** Around vectors and blocks; wide rows are rare, since rows are what is counted. */
const SIZES = [1, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 130, 257, 515];
const WIDE = [1024, 1031, 4096, 4099, 8197];
const INNER = [2, 3, 4, 5, 8, 15, 16, 17, 33, 67];
const EPS = [0, 0, 1e-6, 1e-5, 1e-12, 1e-8, 1e-30, 1e-40, 1e-60, 0.5, 1000, 1e10, 1e30];

/** Which options and operands of forward an operation has, too. */
const HAS: Readonly<Record<Op, { readonly weights: boolean; readonly partial: boolean; readonly rstd: boolean }>> = {
  forward: { weights: true, partial: true, rstd: true },
  addForward: { weights: true, partial: true, rstd: true },
  gatedForward: { weights: true, partial: true, rstd: true },
  backward: { weights: true, partial: true, rstd: true },
  sumSquares: { weights: false, partial: false, rstd: false },
  scaleBy: { weights: true, partial: false, rstd: false },
  forwardQuantized: { weights: true, partial: true, rstd: false },
};

export interface TrialKind {
  readonly op: Op;
  readonly dtype: FloatDType;
}

/** Whether to use a feature: by chance, where the backend declares it. */
type Maybe = (feature: Feature, chance: number) => boolean;

/** A call that a backend with these `supports` must be right on. */
export function drawTrial(random: Random, supports: Supports, { op, dtype }: TrialKind): Trial {
  const features = featuresOf(supports, op);
  const maybe: Maybe = (feature, chance) => features.includes(feature) && random.uniform() < chance;
  const layout = drawLayout(random, maybe);
  const gamma = HAS[op].weights && random.uniform() < 0.75;
  const beta = HAS[op].weights && maybe('beta', 0.3);
  const options = drawOptions(random, maybe, op, { extremes: supports.promises.includes('extremes'), gamma });
  const rstd = HAS[op].rstd && maybe('rstd', 0.3);
  return {
    op,
    dtype,
    ...layout,
    options,
    rstd,
    scale: op === 'forwardQuantized' && random.uniform() < 0.4 ? 2 ** random.integer(-12, 6) * 1.1 : null,
    others: op === 'scaleBy' ? random.pick([0, 1, 100]) : 0,
    inputs: drawInputs(random, supports, { op, dtype, layout, gamma, beta, rstd }),
  };
}

type TrialLayout = Pick<Trial, 'outer' | 'groups' | 'size' | 'inner' | 'spread'>;

function drawLayout(random: Random, maybe: Maybe): TrialLayout {
  const inner = maybe('inner', 0.4) ? random.pick(INNER) : 1;
  const groups = maybe('groups', 0.3) ? random.integer(2, 5) : 1;
  const wide = random.uniform() < 0.004;
  const size = random.pick(wide ? WIDE : inner > 1 ? SIZES.slice(0, -6) : SIZES);
  const outer = wide ? 1 : random.integer(1, Math.max(1, Math.floor(80 / (groups * inner))));
  return { outer, groups, size, inner, spread: random.uniform() < 0.2 };
}

function drawOptions(
  random: Random,
  maybe: Maybe,
  op: Op,
  { extremes, gamma }: { readonly extremes: boolean; readonly gamma: boolean },
): Trial['options'] {
  const clamp = maybe('clamp', 0.25);
  const partial = HAS[op].partial && !clamp && maybe('partial', 0.3) ? random.pick([0.01, 0.25, 0.5, 0.99]) : 1;
  const offset = gamma && maybe('weightOffset', 0.25) ? random.pick([1, -1, 0.5, 3]) : 0;
  const anyEps = extremes && op !== 'gatedForward';
  return {
    eps: random.pick(anyEps ? EPS : EPS.filter((value) => value >= 1e-12 && value <= 1000)),
    ...(clamp && { epsMode: 'clamp' }),
    ...(random.uniform() < 0.25 && { scale: random.pick([1, -0.5, 3, 0.01, 100, 1 / 3]) }),
    ...(partial < 1 && { partial }),
    ...(offset !== 0 && { weightOffset: offset }),
    ...(HAS[op].weights && maybe('llama', 0.25) && { casting: 'llama' }),
    ...(op === 'gatedForward' && random.bits() & 1 && { normBeforeGate: true }),
  };
}

interface Drawn extends TrialKind {
  readonly layout: TrialLayout;
  readonly gamma: boolean;
  readonly beta: boolean;
  readonly rstd: boolean;
}

function drawInputs(random: Random, supports: Supports, drawn: Drawn): Trial['inputs'] {
  const { op, dtype, layout, gamma, beta, rstd } = drawn;
  const { outer, groups, size, inner } = layout;
  const promised = promisedRange(dtype, supports.promises);
  const weightRange = rangeOfWeights(op, promisedRange('float32', supports.promises));
  const weights = (): Bits => drawWeights(random, weightRange, groups * size);
  const rowOf = (flat: number): number => Math.floor(flat / (size * inner)) * inner + (flat % inner);
  const elements = (range: Range): Bits => drawElements(random, range, outer * groups * size * inner, rowOf);
  return {
    x: elements(rangeOfX(op, promised, rstd)),
    ...(gamma && { gamma: weights() }),
    ...(beta && { beta: weights() }),
    ...drawOwnInputs(random, supports, drawn, promised, elements),
  };
}

/** The inputs that an operation has in addition to those of forward. */
function drawOwnInputs(
  random: Random,
  supports: Supports,
  { op, layout: { outer, groups, size, inner } }: Drawn,
  promised: Range,
  elements: (range: Range) => Bits,
): Trial['inputs'] {
  switch (op) {
    case 'forward':
    case 'sumSquares':
    case 'forwardQuantized':
      return {};
    case 'addForward':
      return { residual: elements(promised) };
    case 'gatedForward':
      return { gate: elements(gatedRange(promised)) };
    case 'backward': {
      const moderate = { ...promised, exponents: MODERATE };
      return { dy: elements(moderate), ...(random.uniform() < 0.3 && { dsum: elements(moderate) }) };
    }
    case 'scaleBy':
      return { sums: drawSums(random, supports.promises.includes('extremes'), outer * groups * inner, size) };
    default:
      return unreachable(op);
  }
}

function rangeOfX(op: Op, promised: Range, rstd: boolean): Range {
  switch (op) {
    case 'forward':
    case 'addForward':
    case 'sumSquares':
    case 'forwardQuantized':
      return promised;
    case 'gatedForward':
      // An infinity times a silu that float32 does not hold is NaN.
      return { ...gatedRange(promised), finite: true };
    case 'backward':
      // A statistic beyond float32 cannot be given.
      return rstd ? { ...promised, exponents: MODERATE } : promised;
    case 'scaleBy':
      // It is left open what an infinite x does to sums that are given.
      return { ...promised, finite: true };
    default:
      return unreachable(op);
  }
}

/** The suite's bound holds for magnitudes up to 1e15, and where x * silu(gate) and the norm are normal numbers. */
function gatedRange(promised: Range): Range {
  if (promised.exponents !== null || promised.dtype === 'float16') return promised;
  return { ...promised, exponents: [-40, 49] };
}

/** Any bits where gamma and beta meet x * r alone; elsewhere products with gamma must stay within float32. */
function rangeOfWeights(op: Op, promised: Range): Range {
  switch (op) {
    case 'forward':
    case 'addForward':
    case 'scaleBy':
      return promised;
    case 'gatedForward':
      return { ...promised, exponents: MODERATE, finite: true };
    case 'backward':
    case 'sumSquares':
    case 'forwardQuantized':
      return { ...promised, exponents: MODERATE };
    default:
      return unreachable(op);
  }
}

/** Sums of squares that scaleBy must take: from size * 2^-98 to 2^126. */
function drawSums(random: Random, extremes: boolean, rows: number, size: number): Uint32Array {
  const [low, high] = extremes ? [Math.ceil(Math.log2(size)) - 97, 125] : MODERATE;
  const sums = Float32Array.from({ length: rows }, () => 2 ** random.integer(low, high - 1) * (1 + random.uniform()));
  return new Uint32Array(sums.buffer);
}
