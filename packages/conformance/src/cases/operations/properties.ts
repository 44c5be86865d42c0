import type { Op } from '@rmsnorm/core';
import fc from 'fast-check';
import type { Case, Subject } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { createRandom } from '../../inputs/random.ts';
import { ADD_FORWARD } from '../../operations/add-forward.ts';
import { BACKWARD } from '../../operations/backward.ts';
import type { ForwardSpec } from '../../operations/forward-spec.ts';
import { GATED_FORWARD } from '../../operations/gated-forward.ts';
import type { OperationModel } from '../../operations/operation-model.ts';
import { FORWARD_QUANTIZED } from '../../operations/quantized.ts';
import { verify } from '../../operations/run-call.ts';
import { SCALE_BY, SUM_SQUARES } from '../../operations/sharded.ts';
import { anyForward } from '../properties/any-forward.ts';
import { holds } from '../properties/holds.ts';

/** An operation and what of its own is drawn. */
interface Fuzzed {
  readonly operation: OperationModel<never>;
  readonly arguments?: Readonly<Record<string, fc.Arbitrary<unknown>>>;
  readonly options?: Readonly<Record<string, fc.Arbitrary<unknown>>>;
  /** What of a forward the operation has not. */
  readonly without?: Partial<ForwardSpec>;
  readonly takesPartial?: false;
}

const FUZZED: readonly Fuzzed[] = [
  { operation: ADD_FORWARD as OperationModel<never> },
  { operation: GATED_FORWARD as OperationModel<never>, options: { normBeforeGate: fc.boolean() } },
  { operation: BACKWARD as OperationModel<never>, arguments: { dsum: fc.constantFrom(true, null) } },
  {
    operation: SUM_SQUARES as OperationModel<never>,
    options: { weightOffset: fc.constant(0) },
    without: { rstd: false, gamma: null, beta: null },
    takesPartial: false,
  },
  { operation: SCALE_BY as OperationModel<never>, without: { rstd: false }, takesPartial: false },
  {
    operation: FORWARD_QUANTIZED as OperationModel<never>,
    arguments: { scale: fc.constantFrom(undefined, 0.01, 0.3) },
    without: { rstd: false },
  },
];

const PARTS = 2;
const RUNS = 40;

/** Any shape with any options that the backend declares for the operation, against the exact result. */
export const operationPropertyCases: readonly Case[] = FUZZED.flatMap((fuzzed) =>
  Array.from({ length: PARTS }, (_, part): Case => {
    const { op } = fuzzed.operation;
    return {
      id: caseId(`${op}/properties`, { fuzz: part + 1 }),
      requires: { op },
      run: (subject) => {
        const property = fc.asyncProperty(anyCall(subject, op, fuzzed), fc.nat(), async (spec, seed) => {
          await verify(subject, fuzzed.operation.prepare(spec as never, createRandom(seed)));
        });
        return holds(subject, property, RUNS);
      },
    };
  }),
);

function anyCall(subject: Subject, op: Op, fuzzed: Fuzzed): fc.Arbitrary<ForwardSpec> {
  return fc
    .tuple(anyForward(subject, op), fc.record(fuzzed.arguments ?? {}), fc.record(fuzzed.options ?? {}))
    .map(([spec, own, options]) => ({
      ...spec,
      ...own,
      ...fuzzed.without,
      options: { ...spec.options, ...options, ...(fuzzed.takesPartial === false && { partial: 1 }) },
    }));
}
