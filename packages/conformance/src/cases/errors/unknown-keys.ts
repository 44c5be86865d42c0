import { hostTensor, RMSNorm, rmsNorm, type Tensor } from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { check } from '../../case/failure.ts';
import { expectRefusal, expectThrow } from '../../case/refusal.ts';
import { type Tensors, withTensors } from '../../case/tensors.ts';
import { LAST, untyped } from './refusal-spec.ts';

/** Options and targets with a key that is not known, with null for a value, or that are no objects of options. */
const CALLS: Readonly<Record<string, (norm: RMSNorm, x: Tensor, other: Tensor) => unknown>> = {
  'forward-output': (norm, x, other) => norm.forward(x, untyped({ output: other })),
  'forward-null': (norm, x) => norm.forward(x, untyped({ out: null })),
  'function-output': (_, x, other) => rmsNorm(x, untyped({ ...LAST, output: other })),
  'function-affine': (_, x) => rmsNorm(x, untyped({ ...LAST, affine: true })),
  'function-null': (_, x) => rmsNorm(x, untyped({ ...LAST, gamma: null })),
  'addForward-y': (norm, x, other) => norm.addForward(x, x, untyped({ y: other })),
  'addForward-tensor': (norm, x, other) => norm.addForward(x, x, untyped(other)),
  'addForward-out': (norm, x, other) => norm.addForward(x, x, { out: untyped({ y: other, total: other }) }),
  'backward-dx': (norm, x, other) => norm.backward(x, x, untyped({ dx: other })),
  'backward-out': (norm, x, other) => norm.backward(x, x, { out: untyped({ dx: other, dg: other }) }),
  'scaleBy-output': (norm, x, other) => norm.scaleBy(x, other, 5, untyped({ output: other })),
  'forwardQuantized-q': (norm, x, other) => norm.forwardQuantized(x, untyped({ q: other })),
};

export const unknownKeyCases: readonly Case[] = [
  ...Object.entries(CALLS).map(([name, call]) =>
    refused(name, async ({ backend }, tensors) => {
      const norm = new RMSNorm({ ...LAST, affine: false });
      const [x, other] = [tensors.filled(1.5, [3, 5], 'float32'), tensors.filled(1.5, [3, 5], 'float32')];
      const before = backend.memory().tensors;
      expectThrow('INVALID_OPTION', name, () => call(norm, x, other));
      check(backend.memory().tensors === before, 'a refused call left a tensor behind');
    }),
  ),
  refused('data', async (_, tensors) => {
    const x = tensors.filled(1.5, [3], 'float32');
    await expectRefusal('INVALID_OPTION', 'data({ sginal })', () => x.data(untyped({ sginal: undefined })));
  }),
  refused('apply', async ({ backend }) => {
    const norm = new RMSNorm({ ...LAST, affine: false });
    const x = hostTensor(new Float32Array(5), [1, 5]);
    await expectRefusal('INVALID_OPTION', 'apply(x, backend, x)', () => norm.apply(x, backend, untyped(x)));
    await expectRefusal('INVALID_OPTION', 'apply with strides', () =>
      norm.apply(untyped({ ...x, strides: [5, 1] }), backend),
    );
  }),
  refused('prepare', async ({ backend }) => {
    const norm = new RMSNorm({ ...LAST, affine: false });
    await expectRefusal('INVALID_OPTION', 'prepare({ op })', () =>
      backend.prepare(norm, [[1, 5]], untyped({ op: ['forward'] })),
    );
  }),
];

function refused(name: string, run: (subject: Subject, tensors: Tensors) => Promise<void>): Case {
  return {
    id: caseId('backend/unknown-keys', { of: name }),
    requires: { op: 'forward', dtypes: ['float32'] },
    run: (subject) => withTensors(subject.backend, (tensors) => run(subject, tensors)),
  };
}
