import { cycle } from '../../inputs/distributions.ts';
import { FOUR, last, type Traps } from './trap.ts';

/** Terms of the formula that implementations differ in. */
export const FORMULA_TRAPS: Traps = {
  'offset-in-float32': {
    dtype: 'bfloat16',
    shape: [2, 256],
    options: { ...last(256), weightOffset: 1 },
    // A thousandth more moves about one result in five over to the next bfloat16.
    gamma: cycle([0.001]),
    lookAt: 'gamma + 1 is added in float32: in bfloat16, 1.001 is 1',
  },
  'partial-divides-by-its-own-count': {
    ...FOUR,
    options: { ...last(4), partial: 0.5, eps: 0 },
    y: [0.8485, 1.1314, 8.4853, 11.3137],
    within: 1e-5,
    lookAt: 'r = .2828 with statSize 2: the sum is divided by statSize, not by size',
  },
  'no-mean-is-subtracted': {
    shape: [2, 16],
    options: { ...last(16), eps: 1e-3 },
    x: cycle([1]),
    gamma: null,
    y: Array(32).fill(0.9995),
    within: 1e-4,
    lookAt: 'RMSNorm subtracts no mean: 31.6 is what LayerNormalization(rms_scaling=True) gives',
  },
  'float16-x-with-float32-gamma': {
    dtype: 'float16',
    shape: [3, 40],
    options: last(40),
    lookAt: 'gamma stays float32, the result has the dtype of x',
  },
  'golden-of-onnxruntime': {
    shape: [1, 2, 8],
    options: { ...last(8), eps: 1e-5 },
    x: (_random, count) => new Float64Array(count).map((_, i) => i + 1),
    gamma: cycle([2]),
    y: [0.39605894684791565],
    within: 1e-6,
  },
};
