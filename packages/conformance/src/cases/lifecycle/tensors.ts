import { rmsNorm } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { check } from '../../case/failure.ts';
import { expectRefusal, expectThrow } from '../../case/refusal.ts';
import { started } from '../../case/started.ts';
import { verifyForward } from '../../operations/forward.ts';
import { inputsOf } from '../../operations/forward-spec.ts';
import { checkMemory, lifecycle, SPEC } from './lifecycle-case.ts';

export const tensorLifecycleCases: readonly Case[] = [
  lifecycle('tensor-disposed-twice', async (subject) => {
    const { backend } = subject;
    const before = backend.memory();
    const tensor = backend.tensor([1, 2, 3], [3]);
    tensor.dispose();
    tensor.dispose();
    checkMemory(backend, before, 'after a tensor was disposed twice');
    await verifyForward(subject, inputsOf(SPEC, subject.random));
  }),
  lifecycle('tensor-used-after-dispose', async ({ backend }) => {
    const tensor = backend.tensor([1, 2, 3], [3]);
    tensor.dispose();
    await expectRefusal('DISPOSED', 'data() after dispose()', () => tensor.data());
    if (tensor.view) expectThrow('DISPOSED', 'view() after dispose()', () => tensor.view!());
    expectThrow('DISPOSED', 'forward after dispose()', () => rmsNorm(tensor, { dim: 3, axis: -1 }));
  }),
  lifecycle('tensor-symbol-dispose', async ({ backend }) => {
    const symbol = (Symbol as { dispose?: symbol }).dispose;
    const tensor = backend.tensor([1, 2, 3], [3]);
    const before = backend.memory().tensors;
    if (symbol) (tensor as unknown as Record<symbol, () => void>)[symbol]!();
    else tensor.dispose();
    check(backend.memory().tensors === before - 1, 'using a tensor (Symbol.dispose) does not free it');
  }),
  lifecycle('read-before-dispose', async ({ backend }) => {
    const tensor = backend.tensor([1, 2, 3], [3]);
    const data = started(tensor.data());
    tensor.dispose();
    const noise = backend.tensor([7, 7, 7], [3]);
    const got = await data.finally(() => noise.dispose());
    check(
      String(got) === '1,2,3',
      () => `data() asked for before dispose() gave ${got}: keep a buffer until enqueued work has run`,
    );
  }),
];
