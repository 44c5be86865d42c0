import type { Case } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { check } from '../../case/failure.ts';
import { withTensors } from '../../case/tensors.ts';
import { OTHER_OPERATIONS } from '../../operations/all.ts';
import { type ForwardSpec, requirementsOf } from '../../operations/forward-spec.ts';
import { perform, upload } from '../../operations/run-call.ts';
import { PLAIN } from '../supports/both-sides.ts';

/** Once its results are disposed, a call leaves nothing behind. */
export const operationLeakCases: readonly Case[] = OTHER_OPERATIONS.map((model) => {
  const { op } = model;
  const spec: ForwardSpec = op === 'sumSquares' ? { ...PLAIN, gamma: null } : PLAIN;
  return {
    id: caseId('backend/leaks', { of: op }),
    requires: requirementsOf(spec, op),
    async run(subject) {
      const { backend } = subject;
      const before = backend.memory();
      await withTensors(backend, async (tensors) => {
        const prepared = model.prepare(spec as never, subject.random);
        const inputs = upload(tensors, prepared);
        const between = backend.memory();
        for (let i = 0; i < 20; i++) {
          await withTensors(backend, async (inner) => void perform(inner, prepared, inputs));
          const after = backend.memory();
          check(
            after.tensors === between.tensors && after.bytes === between.bytes,
            () => `memory() is ${JSON.stringify(after)} after call ${i}, it was ${JSON.stringify(between)}`,
          );
        }
      });
      check(backend.memory().tensors === before.tensors, 'tensors were left behind');
    },
  };
});
