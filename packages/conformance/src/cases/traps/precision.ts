import { cycle } from '../../inputs/distributions.ts';
import { last, type Trap, type Traps } from './trap.ts';

/** Sums, rstd and results that a narrow type does not hold, and roundings too many. */
export const PRECISION_TRAPS: Traps = {
  'sum-of-float16': {
    dtype: 'float16',
    shape: [2, 8],
    options: last(8),
    x: cycle([300]),
    gamma: null,
    y: Array(16).fill(1),
    within: 0,
    lookAt: 'squares of float16 overflow in float16: sum in float32 or more',
  },
  'sum-of-bfloat16': {
    dtype: 'bfloat16',
    shape: [1, 4096],
    options: last(4096),
    x: cycle([1]),
    gamma: null,
    y: Array(4096).fill(1),
    within: 0,
    lookAt: 'a sum in bfloat16 stops growing at 256',
  },
  'squares-of-1e20': {
    shape: [2, 16],
    options: last(16),
    x: cycle([1e20]),
    gamma: null,
    promises: ['extremes'],
    y: Array(32).fill(1),
    within: 3e-7,
    lookAt: 'squares of float32 overflow from 1.8e19 on',
  },
  'squares-of-1e-30': {
    shape: [2, 16],
    options: { ...last(16), eps: 0 },
    x: cycle([1e-30]),
    gamma: null,
    promises: ['extremes'],
    y: Array(32).fill(1),
    within: 3e-7,
    lookAt: 'squares of float32 underflow from 1e-19 down',
  },
  'eps-rescaled-too': {
    shape: [1, 1024],
    options: { ...last(1024), eps: 1e-5 },
    x: (_random, count) => new Float64Array(count).fill(0.01).map((value, i) => (i === 0 ? 1000 : value)),
    gamma: null,
    y: [31.999998],
    within: 1e-6,
    lookAt: 'a row that is scaled by 1 / m needs its eps scaled by 1 / m^2: 31.837406 is what comes out otherwise',
  },
  'rstd-beyond-float16': {
    dtype: 'float16',
    shape: [3, 8],
    options: { ...last(8), eps: 1e-12 },
    x: (_random, count) => new Float64Array(count).map((_, i) => (i < 8 ? 0 : 1e-5)),
    subnormals: true,
    promises: ['subnormals', 'nonFinite'],
    gamma: null,
    y: [...Array(8).fill(0), ...Array(16).fill(0.995)],
    within: 1e-3,
    lookAt: 'rstd is 1e6 for zero rows: keep it in float32',
  },
  'rstd-beyond-float16-normal': {
    dtype: 'float16',
    shape: [3, 8],
    options: { ...last(8), eps: 1e-12, scale: Math.sqrt(8) * 2 ** -4 },
    x: (_random, count) => new Float64Array(count).map((_, i) => (i < 8 ? 0 : 2 ** -14)),
    promises: ['nonFinite'],
    gamma: null,
    y: [...Array(8).fill(0), ...Array(16).fill(0.0625)],
    within: 1e-3,
    lookAt: 'rstd is 1e6 for zero rows: keep it in float32',
  },
  'rounded-once': {
    dtype: 'float16',
    shape: [1, 4],
    options: last(4),
    ...roundings(),
    y: [1.7861328125, -0.2235107421875, -2.083984375, -0.87841796875],
    within: 0,
    lookAt: "casting 'gemma' rounds once, at the end",
  },
  'rounded-twice': {
    dtype: 'float16',
    shape: [1, 4],
    options: { ...last(4), casting: 'llama' },
    ...roundings(),
    y: [1.787109375, -0.223388671875, -2.083984375, -0.8779296875],
    within: 0,
    lookAt:
      "casting 'llama' rounds x * r to float16, then the product with gamma; rstd itself is never rounded to float16",
  },
};

function roundings(): Pick<Trap, 'x' | 'gamma'> {
  return {
    x: cycle([1.2958984375, -0.188720703125, -1.0615234375, -0.66162109375]),
    gamma: cycle([1.248046875, 1.072265625, 1.7783203125, 1.2021484375]),
  };
}
