import { type Backend, FLOAT_DTYPES, type FunctionOptions, scaleBy, sumSquares, type Tensor } from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { read, type Tensors, withTensors } from '../../case/tensors.ts';
import { countOf, featureOf, rowsShape } from '../../expected/normalization.ts';
import { type Distribution, heavyTailed, normal } from '../../inputs/distributions.ts';
import { type Elements, elements } from '../../inputs/elements.ts';
import { compareY } from '../../operations/forward.ts';
import {
  type ForwardInputs,
  type ForwardOptions,
  type ForwardSpec,
  inputsOf,
  requirementsOf,
} from '../../operations/forward-spec.ts';
import { alsoNeeds } from '../../operations/run-call.ts';

interface Split {
  readonly spec: ForwardSpec;
  /** Features of each group that a shard has. */
  readonly lengths: readonly number[];
}

const SPLITS: Readonly<Record<string, Split>> = {
  unequal: { spec: { shape: [5, 40], options: { dim: 40, axis: -1 } }, lengths: [1, 7, 32] },
  'unlike-rows': {
    // The shards' own sums differ by a factor of a million: a statistic of one shard alone would show.
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

const splitCases: readonly Case[] = Object.entries(SPLITS).flatMap(([name, { spec: base, lengths }]) =>
  FLOAT_DTYPES.map((dtype): Case => {
    const spec = { ...base, dtype };
    return splitCase(caseId('scaleBy/shards', { split: name, of: lengths.join('+'), dtype }), spec, (subject) =>
      verifySplit(subject, spec, lengths, () => subject.backend),
    );
  }),
);

/** The shards on backends of their own, as on machines of their own. */
const twoBackendsCase: Case = splitCase(
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

/** sumSquares and scaleBy together, with one sum in between: features of a tensor that are sharded. */
export const shardCases: readonly Case[] = [...splitCases, twoBackendsCase];

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

/** What one machine has: some features of each group. Its tensors are [outer, features, inner], whatever the whole is. */
interface Shard {
  readonly backend: Backend;
  readonly options: ForwardOptions;
  readonly features: number;
  takes(feature: number): boolean;
}

/** Runs sumSquares, then scaleBy on every shard, with one sum in between; holds y against the formula on the whole. */
async function verifySplit(
  subject: Subject,
  spec: ForwardSpec,
  lengths: readonly number[],
  backendOf: (shard: number) => Backend,
): Promise<void> {
  const inputs = inputsOf(spec, subject.random);
  const { normalization } = inputs.operands;
  const { groups, size } = normalization;
  const shards = lengths.map((length, shard): Shard => {
    const from = lengths.slice(0, shard).reduce((sum, other) => sum + other, 0);
    return {
      backend: backendOf(shard),
      options: { ...inputs.options, dim: groups * length, axis: 1 },
      features: groups * length,
      takes: (feature) => feature % size >= from && feature % size < from + length,
    };
  });
  const total = new Float64Array(countOf(rowsShape(normalization)));
  for (const shard of shards) {
    const { values } = await onShard(shard, inputs, (part, { beta: _, ...call }) => sumSquares(part, call));
    for (const [row, sum] of values.entries()) total[row]! += sum;
  }
  const y = new Float32Array(inputs.x.values.length);
  for (const shard of shards) {
    const { values } = await onShard(shard, inputs, (part, call, tensors) =>
      scaleBy(part, tensors.float32(Float32Array.from(total), rowsShape(normalization)), size, call),
    );
    let next = 0;
    for (let flat = 0; flat < y.length; flat++) {
      if (shard.takes(featureOf(normalization, flat))) y[flat] = values[next++]!;
    }
  }
  compareY(subject, inputs, y, {
    lookAt: `y of ${lengths.length} shards together; the statistic is that of all ${size} features`,
  });
}

type ShardCall = (part: Tensor, call: FunctionOptions, tensors: Tensors) => Tensor;

/** Runs a call on a shard's part of the inputs and gives back what came out. */
function onShard(
  { backend, options, features, takes }: Shard,
  { operands: { normalization, dtype }, x, gamma, beta }: ForwardInputs,
  run: ShardCall,
): Promise<Elements> {
  return withTensors(backend, async (tensors) => {
    const { outer, inner } = normalization;
    const mine = x.values.filter((_, flat) => takes(featureOf(normalization, flat)));
    const part = tensors.of(elements(dtype, mine), [outer, features, inner]);
    const weights = (all: Float32Array): Tensor => tensors.float32(all.filter((_, feature) => takes(feature)));
    const call = { ...options, ...(gamma && { gamma: weights(gamma) }), ...(beta && { beta: weights(beta) }) };
    return read(tensors.keep(run(part, call, tensors)));
  });
}

/** Row by row from 0.001 to 1 along the features. */
function ramp(random: Parameters<Distribution>[0], count: number): Float64Array {
  return normal()(random, count).map((value, i) => value * 1000 ** ((i % 40) / 40 - 1));
}
