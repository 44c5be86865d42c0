import { FLOAT_DTYPES, rmsNormQuantized } from '@rmsnorm/core';
import { type Case, NotApplicable, type Subject } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { check } from '../../case/failure.ts';
import { withTensors } from '../../case/tensors.ts';
import { cycle, type Distribution, heavyTailed, normal, oneAt, zerosInTurn } from '../../inputs/distributions.ts';
import type { ForwardOptions } from '../../operations/forward-spec.ts';
import { FORWARD_QUANTIZED, type QuantizedSpec } from '../../operations/quantized.ts';
import { operationCase } from '../../operations/run-call.ts';
import { optionCases, shapeCases } from './families.ts';

const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;

const row = { shape: [5, 130], options: { dim: 130, axis: -1 } } as const;
const columns = { shape: [3, 36, 7], options: { dim: 36, groups: 3 } } as const;

/** One scale for all: one that fits, one too small for most numbers, one so large that little is left, no power of two. */
const givenScales: Case[] = [1 / 32, 1e-3, 1, 0.037].flatMap((scale) =>
  FLOAT_DTYPES.flatMap((dtype) =>
    [row, columns].map((layout) =>
      operationCase(
        caseId('forwardQuantized/given-scale', { scale, dtype, shape: showShape(layout.shape) }),
        FORWARD_QUANTIZED,
        { ...layout, dtype, scale, lookAt: 'q = clamp(roundHalfEven(y / scale), -127, 127), by the scale given' },
      ),
    ),
  ),
);

/** Groups of very different weights: the largest |y| of an (outer, inner) stands in one of them. */
const acrossGroups: Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  [columns, { shape: [4, 60], options: { dim: 60, axis: -1, groups: 5 } }].map((layout) =>
    operationCase(
      caseId('forwardQuantized/groups', { weights: 'unlike', dtype, shape: showShape(layout.shape) }),
      FORWARD_QUANTIZED,
      {
        ...layout,
        dtype,
        gamma: (random, count) =>
          new Float64Array(count).map((_, i) => (1 + random.uniform()) * 3 ** ((i * 5) / count)),
        lookAt: 'one scale for each (outer, inner) over all its groups',
      },
    ),
  ),
);

const HEAVY: Readonly<Record<string, Distribution>> = { heavy: heavyTailed, 'one-large': oneAt(3, 1e4) };

const rows: Case[] = Object.entries(HEAVY).flatMap(([name, x]) =>
  [row, columns].map((layout) =>
    operationCase(caseId('forwardQuantized/rows', { x: name, shape: showShape(layout.shape) }), FORWARD_QUANTIZED, {
      ...layout,
      x,
    }),
  ),
);

const zeros: Case[] = [0, 1e-6].flatMap((eps) =>
  FLOAT_DTYPES.flatMap((dtype) =>
    [row, columns].map((layout) => {
      const options: ForwardOptions = { ...layout.options, eps };
      return operationCase(
        caseId('forwardQuantized/zero-rows', { eps, dtype, shape: showShape(layout.shape) }),
        FORWARD_QUANTIZED,
        {
          shape: layout.shape,
          options,
          dtype,
          x: zerosInTurn(layout.shape[0]!),
          promises: eps === 0 ? ['nonFinite'] : [],
          lookAt: 'where all y are 0 the scale is 1 and q is 0',
        },
      );
    }),
  ),
);

const extremes: Case[] = [1e30, 1e-30].flatMap((factor) =>
  [row, columns].map((layout) =>
    operationCase(
      caseId('forwardQuantized/extremes', { x: factor.toExponential(0), shape: showShape(layout.shape) }),
      FORWARD_QUANTIZED,
      { shape: layout.shape, options: { ...layout.options, eps: 0 }, x: normal(factor), promises: ['extremes'] },
    ),
  ),
);

/** The contract says nothing about the row itself; the other rows must be right. */
const nonFinite: Case[] = [NAN, INF].flatMap((value) =>
  [row, columns].map((layout) =>
    operationCase(
      caseId('forwardQuantized/non-finite', { x: value, shape: showShape(layout.shape) }),
      FORWARD_QUANTIZED,
      { ...layout, x: oneAt(140, value), promises: ['nonFinite'], lookAt: 'another (outer, inner) changed' },
    ),
  ),
);

const HALVES = [0.5, 1.5, 2.5, 3.5, -0.5, -1.5, -2.5, -3.5, 126.5, -126.5, 62.5, 63.5];

/**
 * Rows of ones and minus ones have r = 1 at eps = 0, so that y is gamma, and the halves are halves. The contract allows
 * either neighbour beside a half: only arithmetic that tells both neighbours of gamma from the half is held to the tie.
 */
const ties: Case[] = [1, 0.25].map((scale) => ({
  id: caseId('forwardQuantized/ties', { scale }),
  requires: { op: 'forwardQuantized', dtypes: ['float32'] },
  async run(subject) {
    const signs = cycle([1, -1, 1, 1, -1])(subject.random, 4 * HALVES.length);
    const quantized = async (steps: number): Promise<{ got: number; half: number }[]> => {
      const gamma = Float32Array.from(HALVES, (half) => outward(half * scale, steps));
      const q = await quantizedSigns(subject, signs, gamma, scale);
      return Array.from(q, (got, i) => ({ got, half: signs[i]! * HALVES[i % HALVES.length]! }));
    };
    for (const steps of [-1, 1]) {
      const isExact = (await quantized(steps)).every(({ got, half }) => got === half + steps * 0.5 * Math.sign(half));
      if (!isExact)
        throw new NotApplicable('not offered: arithmetic that tells a half from the float32 numbers beside it');
    }
    for (const { got, half } of await quantized(0)) {
      const even = 2 * Math.round(half / 2);
      check(got === even, () => `y / scale = ${half} became ${got}, not ${even}: halves are rounded to the even`);
    }
  },
}));

/** q of rows of ones and minus ones. */
function quantizedSigns(
  { backend }: Subject,
  signs: Float64Array,
  gamma: Float32Array,
  quantScale: number,
): Promise<ArrayLike<number>> {
  const options = { dim: gamma.length, axis: -1, eps: 0, quantScale };
  return withTensors(backend, async (tensors) => {
    const x = tensors.float32(Float32Array.from(signs), [signs.length / gamma.length, gamma.length]);
    const { q, scales } = rmsNormQuantized(x, { ...options, gamma: tensors.float32(gamma) });
    tensors.keep(scales);
    return tensors.keep(q).data();
  });
}

/** The float32 number that lies `steps` further from zero. */
function outward(value: number, steps: number): number {
  const number = Float32Array.of(value);
  new Int32Array(number.buffer)[0]! += steps;
  return number[0]!;
}

/** forwardQuantized: its own scales and scales that are given, halves to even, one scale over all groups. */
export const quantizedCases: readonly Case[] = [
  ...shapeCases<QuantizedSpec>(FORWARD_QUANTIZED),
  ...optionCases<QuantizedSpec>(FORWARD_QUANTIZED),
  ...givenScales,
  ...acrossGroups,
  ...rows,
  ...zeros,
  ...extremes,
  ...nonFinite,
  ...ties,
];
