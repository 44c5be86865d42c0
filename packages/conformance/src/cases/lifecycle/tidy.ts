import { RMSNorm, rmsNorm, type Tensor } from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { check } from '../../case/failure.ts';
import { expectRefusal } from '../../case/refusal.ts';
import { featuresOf } from '../../case/supported.ts';
import { read } from '../../case/tensors.ts';
import { compareY } from '../../operations/forward.ts';
import { type ForwardSpec, inputsOf } from '../../operations/forward-spec.ts';
import { unleaked } from './lifecycle-case.ts';

const SPEC: ForwardSpec = { shape: [5, 33], options: { dim: 33, axis: -1 }, gamma: null };
const OPTIONS = { dim: 33, axis: -1, affine: false } as const;

/** `backend.tidy`: what is made in it is freed, but for what it returns. */
export const tidyCases: readonly Case[] = [
  tidied('returned', async (subject) => {
    const { backend } = subject;
    const inputs = inputsOf(SPEC, subject.random);
    const norm = new RMSNorm(OPTIONS);
    const live = backend.memory().tensors;
    const y = backend.tidy(() => {
      const x = backend.tensor(inputs.x.data, inputs.shape, inputs.x.dtype);
      // Another forward into the same memory, while the first is enqueued.
      norm.forward(norm.forward(x));
      return norm.forward(x);
    });
    try {
      check(backend.memory().tensors === live + 1, () => `${backend.memory().tensors - live} tensors are left, not 1`);
      compareY(subject, inputs, (await read(y)).values, {
        lookAt: 'free() may come while enqueued work uses a buffer: keep it until that work has run',
      });
    } finally {
      y.dispose();
    }
  }),
  tidied('read-in-it', async ({ backend }) => {
    const values = await backend.tidy(() => backend.tensor([1, 2, 3], [3]).data());
    check(String(values) === '1,2,3', () => `data() that tidy waits for gave ${values}`);
  }),
  tidied('async', async ({ backend }) => {
    const kept = await backend.tidy(async () => {
      const x = backend.tensor([3, 4], [1, 2]);
      await x.data();
      const y = rmsNorm(x, { dim: 2, axis: -1 });
      await y.data();
      return { y };
    });
    try {
      check((await kept.y.data()).length === 2, 'what an async tidy returns cannot be read');
    } finally {
      kept.y.dispose();
    }
  }),
  tidied('thrown', async ({ backend }) => {
    const error = new Error('enough');
    const failing = (): Tensor => {
      backend.empty([7]);
      throw error;
    };
    const outcomes = [() => backend.tidy(failing), () => backend.tidy(async () => failing())];
    for (const outcome of outcomes) {
      const caught = await Promise.resolve()
        .then(outcome)
        .catch((thrown) => thrown);
      check(caught === error, () => `tidy gave ${caught}, not the error that its function threw`);
    }
  }),
  tidied('uploads', async ({ backend }) => {
    const bias = featuresOf(backend.supports, 'forward').includes('beta');
    const norm = new RMSNorm({ dim: 33, axis: -1, ...(bias && { bias }) });
    const x = backend.tensor(new Float32Array(33).fill(2), [1, 33]);
    try {
      backend.tidy(() => void norm.forward(x));
      const { values } = await backend.tidy(() => read(norm.forward(x)));
      check(Math.abs(values[0]! - 1) < 1e-3, () => `a norm whose gamma was uploaded in tidy gives ${values[0]}, not 1`);
    } finally {
      norm.dispose();
      x.dispose();
    }
  }),
  tidied('refused', async ({ provider }) => {
    const backend = await provider.create();
    await backend.dispose();
    await expectRefusal('DISPOSED', 'tidy() of a disposed backend', () => backend.tidy(() => 1));
  }),
];

function tidied(name: string, run: (subject: Subject) => Promise<void>): Case {
  return {
    id: caseId('backend/tidy', { of: name }),
    requires: { op: 'forward', dtypes: ['float32'] },
    run: (subject) => unleaked(subject.backend, () => run(subject)),
  };
}
