import { FLOAT_DTYPES, type FloatDType, type Op } from '@rmsnorm/core';
import type { Requirements } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import type { Distribution } from '../../inputs/distributions.ts';
import type { Random } from '../../inputs/random.ts';
import { ADD_FORWARD } from '../../operations/add-forward.ts';
import { BACKWARD, type BackwardSpec } from '../../operations/backward.ts';
import { type ForwardSpec, requirementsOf } from '../../operations/forward-spec.ts';
import { GATED_FORWARD } from '../../operations/gated-forward.ts';
import type { OperationModel, PreparedCall } from '../../operations/operation-model.ts';
import { FORWARD_QUANTIZED, type QuantizedSpec } from '../../operations/quantized.ts';
import { SCALE_BY, type ScaleBySpec, SUM_SQUARES } from '../../operations/sharded.ts';

/** One call of an operation, for checks that are the same for all of them. */
export interface Sample {
  readonly op: Op;
  readonly dtype: FloatDType;
  readonly requires: Requirements;
  /** The id of the case that checks `family` with it. */
  id(family: string, parameters?: Readonly<Record<string, string | number>>): string;
  /** @param replaced operands drawn in another way */
  prepare(random: Random, replaced?: Readonly<Record<string, Distribution>>): PreparedCall;
}

type Plain<S> = Omit<S, 'dtype'>;

/** Odd lengths of 16-bit types, and of int8, end in the middle of a 32-bit word. */
const SMALL: readonly Plain<ForwardSpec>[] = [
  { shape: [1, 1], options: { dim: 1, axis: -1 } },
  { shape: [3, 5], options: { dim: 5, axis: -1 }, beta: true },
  { shape: [7, 129], options: { dim: 129, axis: -1 } },
  { shape: [1, 4099], options: { dim: 4099, axis: -1 } },
  { shape: [3, 11, 7], options: { dim: 11 } },
  { shape: [5, 9, 67], options: { dim: 9, groups: 3 }, beta: true },
];

const withStatistic = SMALL.map((spec) => ({ ...spec, rstd: true }));
const gradients = SMALL.flatMap((spec): readonly Plain<BackwardSpec>[] => [spec, { ...spec, rstd: true, dsum: true }]);
const shards = SMALL.map((spec): Plain<ScaleBySpec> => ({ ...spec, others: 7 }));
const quantized = SMALL.flatMap((spec): readonly Plain<QuantizedSpec>[] => [spec, { ...spec, scale: 1 / 40 }]);
const gated = (normBeforeGate: boolean): readonly Plain<ForwardSpec>[] =>
  withStatistic.map((spec) => ({ ...spec, options: { ...spec.options, normBeforeGate } }));

export const SAMPLES: readonly Sample[] = [
  ...samplesOf(ADD_FORWARD, withStatistic),
  ...samplesOf(GATED_FORWARD, gated(false), { order: 'gate-first' }),
  ...samplesOf(GATED_FORWARD, gated(true), { order: 'norm-first' }),
  ...samplesOf(BACKWARD, gradients),
  ...samplesOf(
    SUM_SQUARES,
    SMALL.map((spec) => ({ ...spec, gamma: null, beta: null })),
  ),
  ...samplesOf(SCALE_BY, shards),
  ...samplesOf(FORWARD_QUANTIZED, quantized),
];

function samplesOf<S extends ForwardSpec>(
  model: OperationModel<S>,
  specs: readonly Plain<S>[],
  shared: Readonly<Record<string, string>> = {},
): Sample[] {
  return FLOAT_DTYPES.flatMap((dtype) =>
    specs.map((plain, variation): Sample => {
      const spec = { ...plain, dtype } as unknown as S;
      const { op } = model;
      return {
        op,
        dtype,
        requires: requirementsOf(spec, op),
        id: (family, parameters = {}) =>
          caseId(`${op}/${family}`, { ...parameters, ...shared, variation, dtype, shape: showShape(spec.shape) }),
        prepare: (random, replaced = {}) => model.prepare({ ...spec, ...replaced }, random),
      };
    }),
  );
}
