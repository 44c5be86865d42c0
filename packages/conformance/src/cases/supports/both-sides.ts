import { type Backend, FEATURES, type Feature, FLOAT_DTYPES, type Op } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { expectThrow } from '../../case/refusal.ts';
import { dtypesOf, featuresOf } from '../../case/supported.ts';
import { withTensors } from '../../case/tensors.ts';
import type { AnyOperation } from '../../operations/all.ts';
import type { ForwardSpec } from '../../operations/forward-spec.ts';
import { askedFor, upload, verify } from '../../operations/run-call.ts';

export const PLAIN: ForwardSpec = { shape: [3, 6], options: { dim: 6, axis: -1 } };

/** For each feature a call that needs it and nothing else. */
const NEEDS: Readonly<Record<Feature, ForwardSpec>> = {
  inner: { shape: [3, 6, 2], options: { dim: 6 } },
  groups: { shape: [3, 6], options: { dim: 6, axis: -1, groups: 2 } },
  partial: { shape: [3, 6], options: { dim: 6, axis: -1, partial: 0.5 } },
  clamp: { shape: [3, 6], options: { dim: 6, axis: -1, epsMode: 'clamp' } },
  beta: { ...PLAIN, beta: true },
  weightOffset: { shape: [3, 6], options: { dim: 6, axis: -1, weightOffset: 1 } },
  llama: { shape: [3, 6], options: { dim: 6, axis: -1, casting: 'llama' } },
  rstd: { ...PLAIN, rstd: true },
};

/** Features that an operation's arguments or options do not have. */
const WITHOUT: Readonly<Partial<Record<Op, readonly Feature[]>>> = {
  sumSquares: ['partial', 'beta', 'weightOffset', 'rstd'],
  scaleBy: ['partial', 'rstd'],
  forwardQuantized: ['rstd'],
};

/** Each dtype and feature of one operation: right where `supports`, or its `limits`, declare it, refused where not. */
export function bothSidesOf(model: AnyOperation): Case[] {
  const { op } = model;
  const features = FEATURES.filter((feature) => !WITHOUT[op]?.includes(feature));
  return [
    ...FLOAT_DTYPES.map((dtype) =>
      sidedCase(model, { dtype }, { ...PLAIN, dtype }, ({ supports }) => dtypesOf(supports, op).includes(dtype)),
    ),
    ...features.map((feature) =>
      sidedCase(model, { feature }, NEEDS[feature], ({ supports }) => featuresOf(supports, op).includes(feature)),
    ),
  ];
}

function sidedCase(
  model: AnyOperation,
  parameters: Readonly<Record<string, string>>,
  spec: ForwardSpec,
  isDeclared: (backend: Backend) => boolean,
): Case {
  const { op } = model;
  return {
    // Ids stay as they are: those of forward, which came first, do not name it.
    id: caseId('supports/both-sides', { ...(op !== 'forward' && { op }), ...parameters }),
    requires: op === 'forward' ? {} : { op },
    async run(subject) {
      const dtype = spec.dtype ?? dtypesOf(subject.backend.supports, op)[0] ?? 'float32';
      const prepared = model.prepare({ ...spec, dtype } as never, subject.random);
      const { backend } = subject;
      // Without the operation, nothing is declared for it.
      if (backend.supports.ops.includes(op) && isDeclared(backend)) return verify(subject, prepared);
      await withTensors(backend, async (tensors) => {
        const inputs = upload(tensors, prepared);
        const targets = askedFor(tensors, prepared);
        const what = Object.entries(parameters).map(([name, value]) => `${name} '${value}'`);
        expectThrow('UNSUPPORTED', `${op} with ${what}, which supports does not name for it,`, () =>
          prepared.call(inputs, targets),
        );
      });
    },
  };
}
