import { rmsNorm } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { compareY, forward } from '../../operations/forward.ts';
import { inputsOf } from '../../operations/forward-spec.ts';
import { lifecycle, OPTIONS, SPEC } from './lifecycle-case.ts';

/** Calls that do not wait for each other. */
export const requestCases: readonly Case[] = [
  lifecycle('forward-after-flush', async (subject) => {
    const inputs = inputsOf(SPEC, subject.random);
    await withTensors(subject.backend, async (made) => {
      const y = made.keep(rmsNorm(made.of(inputs.x, inputs.shape), { ...OPTIONS, gamma: made.float32(inputs.gamma!) }));
      subject.backend.flush();
      subject.backend.flush();
      compareY(subject, inputs, (await read(y)).values);
    });
  }),
  lifecycle('forwards-at-once', async (subject) => {
    const { accuracy } = subject.backend.supports;
    const inputs = Array.from({ length: 16 }, () => inputsOf(SPEC, subject.random));
    const results = await Promise.all(inputs.map((entry) => forward(subject, entry)));
    for (const [i, { values }] of results.entries()) {
      const entry = inputs[i]!;
      compareY(subject, entry, values, { what: `y ${i} of 16 forwards enqueued at once (${accuracy})` });
    }
  }),
];
