import { FLOAT_DTYPES } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { wrapMemoryOf } from '../../case/wrapping.ts';
import { compareY, enqueue } from '../../operations/forward.ts';
import { inputsOf } from '../../operations/forward-spec.ts';
import { STALE } from '../isolation/guards.ts';

const SHAPE = [3, 8];

/** A wrapped tensor is the owner's memory, not a copy of it: what is written through one is read through the other. */
export const wrappedMemoryCases: readonly Case[] = FLOAT_DTYPES.map((dtype) => ({
  id: caseId('backend/tensor', { check: 'wrap-is-no-copy', dtype }),
  requires: { op: 'forward', dtypes: [dtype] },
  async run(subject) {
    const inputs = inputsOf({ dtype, shape: SHAPE, options: { dim: 8 } }, subject.random);
    for (const written of ['owner', 'wrapped'] as const) {
      await withTensors(subject.backend, async (tensors) => {
        const owner = tensors.filled(STALE, SHAPE, dtype);
        const wrapped = tensors.keep(wrapMemoryOf(owner, SHAPE, dtype, subject.backend));
        const [out, other] = written === 'owner' ? [owner, wrapped] : [wrapped, owner];
        enqueue(tensors, inputs, { out });
        compareY(subject, inputs, (await read(other)).values, {
          stale: STALE,
          lookAt: `the forward wrote to the ${written} of one memory, this is the other`,
        });
      });
    }
  },
}));
