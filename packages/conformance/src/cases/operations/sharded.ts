import { type Backend, FLOAT_DTYPES, type FunctionOptions, scaleBy, sumSquares, type Tensor } from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { read, type Tensors, withTensors } from '../../case/tensors.ts';
import { toleranceOf } from '../../expected/bounds.ts';
import { compareForward } from '../../expected/compare-forward.ts';
import { featureOf, normalizationOf } from '../../expected/normalization.ts';
import { constant, cycle, type Distribution, heavyTailed, normal, oneAt } from '../../inputs/distributions.ts';
import { type Elements, elements } from '../../inputs/elements.ts';
import { type ForwardOptions, type ForwardSpec, inputsOf, requirementsOf } from '../../operations/forward-spec.ts';
import { alsoNeeds, operationCase } from '../../operations/run-call.ts';
import { SCALE_BY, type ScaleBySpec, SUM_SQUARES } from '../../operations/sharded.ts';
import { optionCases, shapeCases } from './families.ts';

const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;

/** sumSquares knows nothing of weights, roundings and eps. */
const sums: Case[] = [
  ...shapeCases(SUM_SQUARES, { extra: { gamma: null } }),
  ...Object.entries({ constant, heavy: heavyTailed }).flatMap(([name, x]) =>
    [127, 4096, 65536].flatMap((size) =>
      [
        { shape: [2, size], options: { dim: size, axis: -1 } },
        { shape: [1, size, 3], options: { dim: size } },
      ].map((placed) =>
        operationCase(caseId('sumSquares/sums', { row: name, shape: showShape(placed.shape) }), SUM_SQUARES, {
          ...placed,
          x,
          gamma: null,
          lookAt: 'no chain of float32 additions may be longer than 4, or than a block of 8 before a tree',
        }),
      ),
    ),
  ),
];

/** Totals at both ends of what float32 holds well, and beyond. */
const sumExtremes: Case[] = [2 ** 60, 2 ** 62, 2 ** 64, 1e30, 2 ** -47, 2 ** -49, 2 ** -51, 1e-20, 1e-30].flatMap(
  (factor) =>
    [
      { shape: [16, 5], options: { dim: 5, axis: -1 } },
      { shape: [2, 64, 3], options: { dim: 64 } },
      { shape: [3, 1000], options: { dim: 1000, axis: -1 } },
    ].map((placed) =>
      operationCase(
        caseId('sumSquares/extremes', { x: factor.toExponential(1), shape: showShape(placed.shape) }),
        SUM_SQUARES,
        {
          ...placed,
          x: (random, count) => normal()(random, count).map((value, i) => value * factor * 2 ** ((i % 16) / 8)),
          gamma: null,
          promises: ['extremes'],
          lookAt: 'a total in [size * 2^-98, 2^126] is as accurate as any; beyond it is 0 or infinite, or right',
        },
      ),
    ),
);

const sumNonFinite: Case[] = [NAN, INF, -INF].map((value) =>
  operationCase(caseId('sumSquares/non-finite', { x: value }), SUM_SQUARES, {
    shape: [5, 33],
    options: { dim: 33, axis: -1 },
    x: oneAt(40, value),
    gamma: null,
    promises: ['nonFinite'],
  }),
);

const unsplit = (name: string): boolean => !name.includes('partial');

const scaled: Case[] = [
  ...shapeCases(SCALE_BY, { extra: { others: 1000 } }),
  ...optionCases(SCALE_BY, { parameters: { others: 0 }, extra: { others: 0 } }, unsplit),
  ...optionCases(SCALE_BY, { parameters: { others: 77 }, extra: { others: 77 } }, unsplit),
];

type Extra = Omit<Partial<ScaleBySpec>, 'options'> & { readonly options?: Partial<ForwardOptions> };

const SUMS: Readonly<Record<string, Extra>> = {
  'sum=2^126': { sums: cycle([2 ** 126]), x: normal(2 ** 60) },
  'sum=2^-90,eps=0': { sums: cycle([2 ** -90]), x: normal(2 ** -48), options: { eps: 0 } },
  'sum=0,eps=1e-6': { sums: cycle([0]) },
  'sum=0,eps=0': { sums: cycle([0]), x: cycle([0, 1, -1]), options: { eps: 0 }, promises: ['nonFinite'] },
  'sum=Infinity': { sums: cycle([INF, 50]), x: normal(), promises: ['nonFinite'] },
  'sum=NaN': { sums: cycle([50, NAN]), promises: ['nonFinite'] },
  'x=Infinity': { x: oneAt(40, INF), sums: cycle([50, INF, 50]), promises: ['nonFinite'] },
};

const sumValues: Case[] = Object.entries(SUMS).flatMap(([name, { options, ...extra }]) =>
  FLOAT_DTYPES.filter((dtype) => dtype !== 'float16' || !name.includes('^')).map((dtype) =>
    operationCase(`scaleBy/statistics:${name},dtype=${dtype}`, SCALE_BY, {
      shape: [3, 33],
      others: 12,
      dtype,
      ...extra,
      options: { dim: 33, axis: -1, ...options },
    }),
  ),
);

interface Split {
  readonly spec: ForwardSpec;
  /** Features of each group that a shard has. */
  readonly lengths: readonly number[];
}

const SPLITS: Readonly<Record<string, Split>> = {
  unequal: { spec: { shape: [5, 40], options: { dim: 40, axis: -1 } }, lengths: [1, 7, 32] },
  'unlike-rows': {
    // The shards' own sums differ by a factor of a million: expected values from one of them would show.
    spec: { shape: [5, 40], options: { dim: 40, axis: -1 }, x: ramp },
    lengths: [20, 9, 11],
  },
  long: { spec: { shape: [3, 8192], options: { dim: 8192, axis: -1 }, x: heavyTailed }, lengths: [4096, 4000, 96] },
  'channels-first': { spec: { shape: [2, 33, 7], options: { dim: 33 } }, lengths: [16, 17] },
  groups: { spec: { shape: [2, 36, 5], options: { dim: 36, groups: 3 } }, lengths: [5, 7] },
  clamp: { spec: { shape: [3, 40], options: { dim: 40, epsMode: 'clamp', eps: 1e-12 } }, lengths: [13, 27] },
  'clamp-active': { spec: { shape: [3, 40], options: { dim: 40, epsMode: 'clamp', eps: 50 } }, lengths: [13, 27] },
  'offset,beta': { spec: { shape: [3, 40], options: { dim: 40, weightOffset: 1 }, beta: true }, lengths: [30, 10] },
  llama: { spec: { shape: [3, 40], options: { dim: 40, casting: 'llama' } }, lengths: [30, 10] },
  'scale=3': { spec: { shape: [3, 40], options: { dim: 40, scale: 3 } }, lengths: [30, 10] },
  'eps=0.5': { spec: { shape: [3, 40], options: { dim: 40, eps: 0.5 } }, lengths: [3, 37] },
};

const split: Case[] = Object.entries(SPLITS).flatMap(([name, { spec: base, lengths }]) =>
  FLOAT_DTYPES.map((dtype): Case => {
    const spec = { ...base, dtype };
    return splitCase(caseId('scaleBy/shards', { split: name, of: lengths.join('+'), dtype }), spec, (subject) =>
      verifySplit(subject, spec, lengths, () => subject.backend),
    );
  }),
);

/** The shards on backends of their own, as on machines of their own. */
const apart: Case = splitCase(
  caseId('scaleBy/shards', { backends: 2 }),
  { shape: [5, 40], options: { dim: 40, axis: -1 } },
  async (subject) => {
    const other = await subject.provider.create();
    try {
      const spec: ForwardSpec = { shape: [5, 40], options: { dim: 40, axis: -1 } };
      await verifySplit(subject, spec, [15, 25], (shard) => (shard === 0 ? subject.backend : other));
    } finally {
      await other.dispose();
    }
  },
);

export const shardedCases: readonly Case[] = [
  ...sums,
  ...sumExtremes,
  ...sumNonFinite,
  ...scaled,
  ...sumValues,
  ...split,
  apart,
];

function splitCase(id: string, spec: ForwardSpec, run: (subject: Subject) => Promise<void>): Case {
  return {
    id,
    requires: requirementsOf(spec, 'scaleBy'),
    async run(subject) {
      alsoNeeds(subject, requirementsOf({ ...spec, beta: null }, 'sumSquares'));
      await run(subject);
    },
  };
}

type Half = (part: Tensor, call: FunctionOptions, tensors: Tensors) => Tensor;

/** Runs both halves on every shard, with one sum in between, and holds y against the formula on the whole. */
async function verifySplit(
  subject: Subject,
  spec: ForwardSpec,
  lengths: readonly number[],
  backendOf: (shard: number) => Backend,
): Promise<void> {
  const inputs = inputsOf(spec, subject.random);
  const { operands, x, gamma, beta, options, shape } = inputs;
  const { normalization, dtype } = operands;
  const { outer, groups, size, inner } = normalization;
  // The shards' tensors are [outer, features, inner], whatever the shape of the whole.
  const shards = lengths.map((length, shard) => {
    const from = lengths.slice(0, shard).reduce((sum, other) => sum + other, 0);
    const takes = (feature: number): boolean => feature % size >= from && feature % size < from + length;
    return { length, takes, backend: backendOf(shard), options: { ...options, dim: groups * length, axis: 1 } };
  });
  const partial = new Float64Array(outer * groups * inner);
  const y = new Float32Array(x.values.length);
  const onShard = ({ backend, takes, length, options: own }: (typeof shards)[number], half: Half): Promise<Elements> =>
    withTensors(backend, async (tensors) => {
      const content = elements(
        dtype,
        x.values.filter((_, flat) => takes(featureOf(normalization, flat))),
      );
      const mine = (weights: Float32Array): Tensor => tensors.float32(weights.filter((_, feature) => takes(feature)));
      const part = tensors.of(content, [outer, groups * length, inner]);
      const call = { ...own, ...(gamma && { gamma: mine(gamma) }), ...(beta && { beta: mine(beta) }) };
      return read(tensors.keep(half(part, call, tensors)));
    });
  for (const shard of shards) {
    const { values } = await onShard(shard, (part, { beta: _, ...call }) => sumSquares(part, call));
    for (const [row, sum] of values.entries()) partial[row]! += sum;
  }
  for (const shard of shards) {
    const { values } = await onShard(shard, (part, call, tensors) =>
      scaleBy(part, tensors.float32(Float32Array.from(partial), [outer, groups, inner]), size, call),
    );
    let next = 0;
    for (let flat = 0; flat < y.length; flat++) {
      if (shard.takes(featureOf(normalization, flat))) y[flat] = values[next++]!;
    }
  }
  const terms = { weightOffset: (options.weightOffset ?? 0) !== 0, beta: beta !== null };
  compareForward(y, {
    operands: { ...operands, normalization: normalizationOf(options, shape) },
    shape,
    tolerance: toleranceOf(subject.backend.supports.accuracy, terms),
    lookAt: `y of ${lengths.length} shards together; the statistic is that of all ${size} features`,
  });
}

/** Row by row from 0.001 to 1 along the features. */
function ramp(random: Parameters<Distribution>[0], count: number): Float64Array {
  return normal()(random, count).map((value, i) => value * 1000 ** ((i % 40) / 40 - 1));
}
