import { presets, RMSNorm, rmsNorm } from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { check } from '../../case/failure.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { float32Error } from '../../expected/bounds.ts';
import { compareForward } from '../../expected/compare-forward.ts';
import { cycle } from '../../inputs/distributions.ts';
import { FORMATS, ulp } from '../../inputs/formats.ts';
import { toleranceFor, verifyForward } from '../../operations/forward.ts';
import { type ForwardSpec, inputsOf, requirementsOf } from '../../operations/forward-spec.ts';

/**
 * Where known implementations disagree or fail: inputs on which a usual error shows, with the results written out as
 * numbers, so that the case does not lean on the formula alone.
 */
interface Trap extends ForwardSpec {
  /** Results, as many digits as are given; beside the exact formula, which holds too. */
  readonly y?: readonly number[];
  /** Relative to the largest of y: half of the last digit that is given, or more. */
  readonly within?: number;
}

const LAST = (dim: number): { dim: number; axis: -1 } => ({ dim, axis: -1 });

const TRAPS: Readonly<Record<string, Trap>> = {
  'scale-is-sqrt-of-size': {
    shape: [1, 2],
    options: { ...LAST(2), eps: 0 },
    x: cycle([3, 4]),
    gamma: null,
    y: [0.848528, 1.131371],
    within: 1e-6,
    lookAt: 'x / norm2(x) is multiplied by sqrt(size), not by its inverse',
  },
  ...epsTraps(),
  'sum-of-float16': {
    dtype: 'float16',
    shape: [2, 8],
    options: LAST(8),
    x: cycle([300]),
    gamma: null,
    y: Array(16).fill(1),
    within: 0,
    lookAt: 'squares of float16 overflow in float16: sum in float32 or more',
  },
  'sum-of-bfloat16': {
    dtype: 'bfloat16',
    shape: [1, 4096],
    options: LAST(4096),
    x: cycle([1]),
    gamma: null,
    y: Array(4096).fill(1),
    within: 0,
    lookAt: 'a sum in bfloat16 stops growing at 256',
  },
  'squares-of-1e20': {
    shape: [2, 16],
    options: LAST(16),
    x: cycle([1e20]),
    gamma: null,
    promises: ['extremes'],
    y: Array(32).fill(1),
    within: 3e-7,
    lookAt: 'squares of float32 overflow from 1.8e19 on',
  },
  'squares-of-1e-30': {
    shape: [2, 16],
    options: { ...LAST(16), eps: 0 },
    x: cycle([1e-30]),
    gamma: null,
    promises: ['extremes'],
    y: Array(32).fill(1),
    within: 3e-7,
    lookAt: 'squares of float32 underflow from 1e-19 down',
  },
  'eps-rescaled-too': {
    shape: [1, 1024],
    options: { ...LAST(1024), eps: 1e-5 },
    x: (_random, count) => new Float64Array(count).fill(0.01).map((value, i) => (i === 0 ? 1000 : value)),
    gamma: null,
    y: [31.999998],
    within: 1e-6,
    lookAt: 'a row that is scaled by 1 / m needs its eps scaled by 1 / m^2: 31.837406 is what comes out otherwise',
  },
  'rstd-beyond-float16': {
    dtype: 'float16',
    shape: [3, 8],
    options: { ...LAST(8), eps: 1e-12 },
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
    options: { ...LAST(8), eps: 1e-12, scale: Math.sqrt(8) * 2 ** -4 },
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
    options: LAST(4),
    ...roundings(),
    y: [1.7861328125, -0.2235107421875, -2.083984375, -0.87841796875],
    within: 0,
    lookAt: "casting 'gemma' rounds once, at the end",
  },
  'rounded-twice': {
    dtype: 'float16',
    shape: [1, 4],
    options: { ...LAST(4), casting: 'llama' },
    ...roundings(),
    y: [1.787109375, -0.223388671875, -2.083984375, -0.8779296875],
    within: 0,
    lookAt:
      "casting 'llama' rounds x * r to float16, then the product with gamma; rstd itself is never rounded to float16",
  },
  'axis-1-is-one-axis': {
    shape: [2, 3, 5, 7],
    options: { dim: 3, axis: 1 },
    lookAt: 'dim: 3 at axis 1 reduces axis 1 alone, and gamma lies along it',
  },
  'axis-1-and-all-that-follow': {
    shape: [2, 3, 5, 7],
    options: { dim: [3, 5, 7], axis: 1 },
    lookAt: 'dim: [3, 5, 7] at axis 1 reduces all three, as ONNX does',
  },
  'gamma-along-the-normalized-axis': {
    shape: [2, 4, 4],
    options: { dim: 4, axis: 1 },
    lookAt: 'gamma belongs to axis 1; along axis 2, of the same length, it is wrong',
  },
  'groups-of-2': {
    shape: [1, 4],
    options: { ...LAST(4), groups: 2, eps: 0 },
    x: cycle([3, 4, 30, 40]),
    gamma: null,
    y: [0.8485, 1.1314, 0.8485, 1.1314],
    within: 1e-4,
    lookAt: 'each group has a statistic of its own: as one group [.1194, .1592, 1.1940, 1.5920] comes out',
  },
  'one-group': {
    shape: [1, 4],
    options: { ...LAST(4), eps: 0 },
    x: cycle([3, 4, 30, 40]),
    gamma: null,
    y: [0.1194, 0.1592, 1.194, 1.592],
    within: 1e-4,
  },
  'offset-in-float32': {
    dtype: 'bfloat16',
    shape: [2, 256],
    options: { ...LAST(256), weightOffset: 1 },
    // A thousandth more moves about one result in five over to the next bfloat16.
    gamma: cycle([0.001]),
    lookAt: 'gamma + 1 is added in float32: in bfloat16, 1.001 is 1',
  },
  'partial-divides-by-its-own-count': {
    shape: [1, 4],
    options: { ...LAST(4), partial: 0.5, eps: 0 },
    x: cycle([3, 4, 30, 40]),
    gamma: null,
    y: [0.8485, 1.1314, 8.4853, 11.3137],
    within: 1e-5,
    lookAt: 'r = .2828 with statSize 2: the sum is divided by statSize, not by size',
  },
  'no-mean-is-subtracted': {
    shape: [2, 16],
    options: { ...LAST(16), eps: 1e-3 },
    x: cycle([1]),
    gamma: null,
    y: Array(32).fill(0.9995),
    within: 1e-4,
    lookAt: 'RMSNorm subtracts no mean: 31.6 is what LayerNormalization(rms_scaling=True) gives',
  },
  'float16-x-with-float32-gamma': {
    dtype: 'float16',
    shape: [3, 40],
    options: LAST(40),
    lookAt: 'gamma stays float32, the result has the dtype of x',
  },
  'golden-of-onnxruntime': {
    shape: [1, 2, 8],
    options: { ...LAST(8), eps: 1e-5 },
    x: (_random, count) => new Float64Array(count).map((_, i) => i + 1),
    gamma: cycle([2]),
    y: [0.39605894684791565],
    within: 1e-6,
  },
};

const traps: Case[] = Object.entries(TRAPS).map(([name, trap]) => ({
  id: `forward/traps:${name}`,
  requires: requirementsOf(trap),
  run: (subject) => verifyTrap(subject, trap),
}));

const written: Case[] = [
  {
    id: 'forward/traps:zeta',
    requires: { op: 'forward', dtypes: ['float32'], features: ['inner', 'clamp'] },
    async run(subject) {
      const { random } = subject;
      const [batch, dim, n] = [2, 12, 5];
      const inputs = inputsOf({ shape: [batch, 1, dim, n], options: presets.zeta(dim) as { dim: number } }, random);
      const y = await withTensors(subject.backend, async (tensors) => {
        const x = tensors.of(inputs.x, inputs.shape);
        return (await read(tensors.keep(rmsNorm(x, { ...inputs.options, gamma: tensors.float32(inputs.gamma!) }))))
          .values;
      });
      // The code of the implementation that the project starts from: normalize(x, dim=-2) * dim ** -0.5 * gamma.
      for (let b = 0; b < batch; b++) {
        for (let column = 0; column < n; column++) {
          const at = (i: number): number => (b * dim + i) * n + column;
          let squares = 0;
          for (let i = 0; i < dim; i++) squares += inputs.x.values[at(i)]! ** 2;
          for (let i = 0; i < dim; i++) {
            const expected =
              ((inputs.x.values[at(i)]! / Math.max(Math.sqrt(squares), 1e-12)) * inputs.gamma![i]!) / Math.sqrt(dim);
            check(
              Math.abs(y[at(i)]! - expected) <= 1e-5 * Math.abs(expected),
              () => `presets.zeta: element ${at(i)} is ${y[at(i)]}, the original gives ${expected}`,
            );
          }
        }
      }
    },
  },
  {
    id: 'forward/traps:groups-have-rms-1',
    requires: { op: 'forward', dtypes: ['float32'], features: ['inner', 'groups'] },
    async run(subject) {
      const norm = new RMSNorm(512, 8);
      try {
        const inputs = inputsOf(
          { shape: [2, 512, 4, 4], options: { dim: 512, groups: 8 }, gamma: null },
          subject.random,
        );
        await withTensors(subject.backend, async (tensors) => {
          const y = (await read(tensors.keep(norm.forward(tensors.of(inputs.x, inputs.shape))))).values;
          for (let row = 0; row < 2 * 8 * 16; row++) {
            const first = Math.floor(row / 16) * 64 * 16 + (row % 16);
            let squares = 0;
            for (let i = 0; i < 64; i++) squares += y[first + i * 16]! ** 2;
            const rms = Math.sqrt(squares / 64);
            check(
              Math.abs(rms - 1) < 1e-5,
              () => `group ${row} of 256 has RMS ${rms}, not 1 (1 / 64 is the wrong sign of the exponent)`,
            );
          }
        });
      } finally {
        norm.dispose();
      }
    },
  },
];

export const trapCases: readonly Case[] = [...traps, ...written];

async function verifyTrap(subject: Subject, trap: Trap): Promise<void> {
  const inputs = inputsOf(trap, subject.random);
  await verifyForward(subject, inputs);
  const { y, within = 0, lookAt } = trap;
  if (!y) return;
  const tolerance = toleranceFor(subject, inputs);
  await withTensors(subject.backend, async (tensors) => {
    const gamma = inputs.gamma && { gamma: tensors.float32(inputs.gamma) };
    const out = tensors.keep(rmsNorm(tensors.of(inputs.x, inputs.shape), { ...inputs.options, ...gamma }));
    const { values } = await read(out);
    compareForward(values, { operands: inputs.operands, shape: inputs.shape, tolerance });
    const largest = Math.max(...y.map(Math.abs));
    // Engines that round where they like may be 1e-5 and some steps of the dtype beside the numbers, too.
    const loose = float32Error(tolerance, largest) + 4 * ulp(FORMATS[inputs.x.dtype], largest);
    const steps = tolerance.accuracy === 'loose' ? loose : 0;
    for (const [i, expected] of y.entries()) {
      check(
        Math.abs(values[i]! - expected) <= within * largest + steps,
        () => `y[${i}] is ${values[i]}, it must be ${expected}${lookAt ? `; ${lookAt}` : ''}`,
      );
    }
  });
}

/** A constant row of 1e-4 tells which eps is used, and where. */
function epsTraps(): Record<string, Trap> {
  const expected: readonly (readonly [name: string, options: Partial<ForwardSpec['options']>, y: number])[] = [
    ['1e-12', { eps: 1e-12 }, 0.99995],
    ['1e-8', { eps: 1e-8 }, Math.SQRT1_2],
    ['2^-23', { eps: 2 ** -23 }, 0.278197],
    ['1e-6', { eps: 1e-6 }, 0.0995037],
    ['1e-6-by-default', {}, 0.0995037],
    ['1e-5', { eps: 1e-5 }, 0.031607],
    ['clamp', { epsMode: 'clamp', eps: 1e-8 }, 1],
  ];
  return Object.fromEntries(
    expected.map(([name, options, y]): [string, Trap] => [
      `eps-${name}`,
      {
        shape: [1, 16],
        options: { ...LAST(16), ...options },
        x: cycle([1e-4]),
        gamma: null,
        y: Array(16).fill(y),
        within: 2e-6,
        lookAt: 'eps stands inside the root; added to the RMS, 1e-8 would give .99990',
      },
    ]),
  );
}

function roundings(): Pick<Trap, 'x' | 'gamma'> {
  return {
    x: cycle([1.2958984375, -0.188720703125, -1.0615234375, -0.66162109375]),
    gamma: cycle([1.248046875, 1.072265625, 1.7783203125, 1.2021484375]),
  };
}
