import type { Op } from '@rmsnorm/core';
import fc from 'fast-check';
import type { Case, Subject } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { createRandom } from '../../inputs/random.ts';
import { ADD_FORWARD } from '../../operations/add-forward.ts';
import type { AnyOperation } from '../../operations/all.ts';
import { BACKWARD } from '../../operations/backward.ts';
import type { ForwardSpec } from '../../operations/forward-spec.ts';
import { GATED_FORWARD } from '../../operations/gated-forward.ts';
import { FORWARD_QUANTIZED } from '../../operations/quantized.ts';
import { verify } from '../../operations/run-call.ts';
import { SCALE_BY, SUM_SQUARES } from '../../operations/sharded.ts';
import { anyForward } from '../properties/any-forward.ts';
import { holds } from '../properties/holds.ts';

/** An operation, and what is drawn for it in addition to what is drawn for forward. */
interface DrawnCall {
  readonly model: AnyOperation;
  readonly arguments?: Readonly<Record<string, fc.Arbitrary<unknown>>>;
  readonly options?: Readonly<Record<string, fc.Arbitrary<unknown>>>;
  /** What forward has and the operation has not. */
  readonly without?: Partial<ForwardSpec>;
  readonly takesPartial?: false;
}

const DRAWN: readonly DrawnCall[] = [
  { model: ADD_FORWARD },
  { model: GATED_FORWARD, options: { normBeforeGate: fc.boolean() } },
  { model: BACKWARD, arguments: { dsum: fc.constantFrom(true, null) } },
  {
    model: SUM_SQUARES,
    options: { weightOffset: fc.constant(0) },
    without: { rstd: false, gamma: null, beta: null },
    takesPartial: false,
  },
  { model: SCALE_BY, without: { rstd: false }, takesPartial: false },
  {
    model: FORWARD_QUANTIZED,
    arguments: { scale: fc.constantFrom(undefined, 0.01, 0.3) },
    without: { rstd: false },
  },
];

const PARTS = 2;
const RUNS = 40;

/** Any shape with any options that the backend declares for the operation, against the exact result. */
export const operationPropertyCases: readonly Case[] = DRAWN.flatMap((drawn) =>
  Array.from({ length: PARTS }, (_, part): Case => {
    const { op } = drawn.model;
    return {
      id: caseId(`${op}/properties`, { fuzz: part + 1 }),
      requires: { op },
      run: (subject) => {
        const property = fc.asyncProperty(anyCall(subject, op, drawn), fc.nat(), async (spec, seed) => {
          await verify(subject, drawn.model.prepare(spec as never, createRandom(seed)));
        });
        return holds(subject, property, RUNS);
      },
    };
  }),
);

function anyCall(subject: Subject, op: Op, drawn: DrawnCall): fc.Arbitrary<ForwardSpec> {
  return fc
    .tuple(anyForward(subject, op), fc.record(drawn.arguments ?? {}), fc.record(drawn.options ?? {}))
    .map(([spec, own, options]) => ({
      ...spec,
      ...own,
      ...drawn.without,
      options: { ...spec.options, ...options, ...(drawn.takesPartial === false && { partial: 1 }) },
    }));
}
