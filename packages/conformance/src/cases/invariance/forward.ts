import { FLOAT_DTYPES, type FloatDType } from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { compareBits } from '../../expected/compare-bits.ts';
import { featuresNeeded, normalizationOf, rowsShape } from '../../expected/normalization.ts';
import { cycle, type Distribution, gammaOf, heavyTailed } from '../../inputs/distributions.ts';
import { elements } from '../../inputs/elements.ts';
import type { Random } from '../../inputs/random.ts';
import { enqueue, forward } from '../../operations/forward.ts';
import { type ForwardOptions, type ForwardSpec, inputsOf } from '../../operations/forward-spec.ts';

/** Sizes on both sides of the switches between kernels. */
const SIZES = [3, 8, 41, 64, 127, 256, 512, 513, 1000, 1024, 4096, 4099, 8200, 16385];
const STRIDED_SIZES = [3, 41, 256, 513, 4099];
const IN_EVERY_DTYPE = [41, 256, 4099];

/** Where rows stand in a tensor. */
export interface Placement {
  readonly shape: readonly number[];
  readonly options: ForwardOptions;
  /** Between neighbours of a row. */
  readonly stride: number;
  readonly places: readonly { readonly row: number; readonly offset: number }[];
}

/** How `count` rows of `size` features come to stand in a tensor. */
export type Arrange = (count: number, size: number) => Placement;

export const ALONE: Readonly<Record<'contiguous' | 'strided', Arrange>> = {
  contiguous: (_count, size) => stacked([0], size),
  strided: (_count, size) => columns(1, size, 3),
};

/** A row comes out with the same bits wherever it stands. */
export const PLACEMENTS: Readonly<Record<string, { kind: 'contiguous' | 'strided'; arrange: Arrange; groups?: true }>> =
  {
    batch: { kind: 'contiguous', arrange: (count, size) => stacked(upTo(count), size) },
    reversed: { kind: 'contiguous', arrange: (count, size) => stacked(upTo(count).reverse(), size) },
    'among-512': {
      kind: 'contiguous',
      arrange: (count, size) =>
        stacked(
          upTo(512).map((i) => i % count),
          size,
        ),
    },
    'among-513': {
      kind: 'contiguous',
      arrange: (count, size) =>
        stacked(
          upTo(513).map((i) => i % count),
          size,
        ),
    },
    groups: { kind: 'contiguous', arrange: grouped, groups: true },
    'inner=2': { kind: 'strided', arrange: (count, size) => columns(count, size, 2) },
    'inner=5': { kind: 'strided', arrange: (count, size) => columns(count, size, 5) },
    'inner=16': { kind: 'strided', arrange: (count, size) => columns(count, size, 16) },
    'inner=67': { kind: 'strided', arrange: (count, size) => columns(count, size, 67) },
  };

const LOOK_AT =
  'which element enters which partial sum may depend on size, statSize, inner = 1 or > 1, dtype and device alone';

export const ROWS = 5;

const placed: Case[] = Object.entries(PLACEMENTS).flatMap(([name, { kind, arrange: place, groups }]) =>
  (kind === 'contiguous' ? SIZES : STRIDED_SIZES)
    .filter((size) => size <= 1024 || !name.startsWith('among'))
    .flatMap((size) =>
      (IN_EVERY_DTYPE.includes(size) ? FLOAT_DTYPES : (['float32'] as const)).map(
        (dtype): Case => ({
          id: caseId('forward/invariance', { place: name, dtype, size }),
          requires: {
            op: 'forward',
            dtypes: [dtype],
            features: [...(kind === 'strided' ? ['inner' as const] : []), ...(groups ? ['groups' as const] : [])],
            promises: ['invariance'],
          },
          async run(subject) {
            const { rows, gamma } = draw(subject.random, dtype, size);
            const together = await outcomes(subject, dtype, rows, gamma, place(ROWS, size));
            for (const [row, numbers] of rows.entries()) {
              const [alone] = await outcomes(subject, dtype, [numbers], gamma, ALONE[kind](1, size));
              for (const { values } of together.filter((outcome) => outcome.row === row)) {
                compareBits(values, alone!.values, dtype, `row ${row}, placed as '${name}', against alone; ${LOOK_AT}`);
              }
            }
          },
        }),
      ),
    ),
);

const VARIATIONS: readonly ForwardSpec[] = [
  { shape: [5, 130], options: { dim: 130, axis: -1 } },
  { shape: [5, 4099], options: { dim: 4099, axis: -1 } },
  { shape: [3, 20, 7], options: { dim: 20 } },
  { shape: [3, 96], options: { dim: 96, axis: -1, groups: 4 } },
  { shape: [5, 130], options: { dim: 130, axis: -1, partial: 0.5, weightOffset: 1 }, beta: true },
  { shape: [5, 130], options: { dim: 130, axis: -1, casting: 'llama' } },
  { shape: [600, 64], options: { dim: 64, axis: -1 } },
  { shape: [700, 33], options: { dim: 33, axis: -1 }, x: (random, count) => heavyTailed(random, count) },
];

const variations: Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  VARIATIONS.flatMap((base, index): Case[] => {
    const spec: ForwardSpec = { ...base, dtype };
    const parameters = { variation: index, dtype, shape: showShape(spec.shape) };
    const normalization = normalizationOf(spec.options, spec.shape);
    const extras = { beta: spec.beta != null, rstd: false };
    const requires = {
      op: 'forward' as const,
      dtypes: [dtype],
      features: featuresNeeded(normalization, extras),
      promises: ['invariance' as const],
    };
    return [
      {
        id: caseId('forward/invariance', { runs: 'repeated', ...parameters }),
        requires,
        async run(subject) {
          const inputs = inputsOf(spec, subject.random);
          const first = await forward(subject, inputs);
          for (let run = 1; run < 4; run++) {
            const again = await forward(subject, inputs);
            compareBits(again.values, first.values, dtype, `run ${run} against the first, same inputs`);
          }
        },
      },
      {
        id: caseId('forward/invariance', { out: 'in-place', ...parameters }),
        requires,
        async run(subject) {
          const inputs = inputsOf(spec, subject.random);
          const apart = await forward(subject, inputs);
          await withTensors(subject.backend, async (tensors) => {
            const x = tensors.of(inputs.x, inputs.shape);
            enqueue(tensors, inputs, { out: x }, x);
            compareBits((await read(x)).values, apart.values, dtype, 'in place (out = x) against a new tensor');
          });
        },
      },
      {
        id: caseId('forward/invariance', { rstd: 'asked', ...parameters }),
        requires: { ...requires, features: featuresNeeded(normalization, { ...extras, rstd: true }) },
        async run(subject) {
          const inputs = inputsOf(spec, subject.random);
          const without = await forward(subject, inputs);
          await withTensors(subject.backend, async (tensors) => {
            const y = enqueue(tensors, inputs, { rstd: tensors.empty(rowsShape(inputs.operands.normalization)) });
            compareBits((await read(y)).values, without.values, dtype, 'y with rstd asked for against y without');
          });
        },
      },
    ];
  }),
);

export const invarianceCases: readonly Case[] = [...placed, ...variations];

function draw(random: Random, dtype: FloatDType, size: number): { rows: Float32Array[]; gamma: Float32Array } {
  // Heavy-tailed and of different magnitudes: another order of additions shows in the bits.
  const rows = Array.from({ length: ROWS }, (_, i) => {
    const numbers = heavyTailed(random, size).map((value) => value * 1.3 ** i);
    return elements(dtype, numbers).values;
  });
  return { rows, gamma: gammaOf(random, size) };
}

interface Outcome {
  readonly row: number;
  readonly values: Float32Array;
}

/** Runs all rows in one forward and takes the results apart again. */
async function outcomes(
  subject: Subject,
  dtype: FloatDType,
  rows: readonly Float32Array[],
  gamma: Float32Array,
  { shape, options, stride, places }: Placement,
): Promise<Outcome[]> {
  const x: Distribution = (_random, count) => {
    const numbers = new Float64Array(count);
    for (const { row, offset } of places) {
      for (const [i, value] of rows[row]!.entries()) numbers[offset + i * stride] = value;
    }
    return numbers;
  };
  const spec: ForwardSpec = { dtype, shape, options, x, gamma: cycle([...gamma]) };
  const { values } = await forward(subject, inputsOf(spec, subject.random));
  return places.map(({ row, offset }) => {
    const result = new Float32Array(gamma.length);
    for (let i = 0; i < result.length; i++) result[i] = values[offset + i * stride]!;
    return { row, values: result };
  });
}

/** One row after another, in the order given. */
function stacked(order: readonly number[], size: number): Placement {
  return {
    shape: [order.length, size],
    options: { dim: size, axis: -1 },
    stride: 1,
    places: order.map((row, i) => ({ row, offset: i * size })),
  };
}

/** Every row a group of its own. */
function grouped(count: number, size: number): Placement {
  return {
    shape: [1, count * size],
    options: { dim: count * size, axis: -1, groups: count },
    stride: 1,
    places: upTo(count).map((row) => ({ row, offset: row * size })),
  };
}

/** Rows as columns: `inner` of them beside each other, as many blocks as it takes, all places filled. */
function columns(count: number, size: number, inner: number): Placement {
  const blocks = Math.ceil(count / inner);
  return {
    shape: [blocks, size, inner],
    options: { dim: size },
    stride: inner,
    places: upTo(blocks * inner).map((place) => ({
      row: place % count,
      offset: Math.floor(place / inner) * size * inner + (place % inner),
    })),
  };
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
