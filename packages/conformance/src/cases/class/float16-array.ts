import { type HostTensor, RMSNorm } from '@rmsnorm/core';
import { type Case, NotApplicable } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { check } from '../../case/failure.ts';
import { compareY } from '../../operations/forward.ts';
import { inputsOf } from '../../operations/forward-spec.ts';

/** apply on the language's own Float16Array, where there is one. */
export const float16ArrayCase: Case = {
  id: caseId('forward/apply', { data: 'Float16Array' }),
  requires: { op: 'forward', dtypes: ['float16'] },
  async run(subject) {
    const { Float16Array } = globalThis as { Float16Array?: new (buffer: ArrayBufferLike) => HostTensor['data'] };
    if (!Float16Array) throw new NotApplicable('not in this runtime: Float16Array');
    const norm = new RMSNorm({ dim: 33, axis: -1, affine: false });
    const inputs = inputsOf(
      { dtype: 'float16', shape: [5, 33], options: { dim: 33, axis: -1 }, gamma: null },
      subject.random,
    );
    const x: HostTensor = { dtype: 'float16', shape: [5, 33], data: new Float16Array(inputs.x.data.buffer) };
    const y = await norm.apply(x, subject.backend);
    check(y.data[Symbol.toStringTag] === 'Float16Array', 'apply gives an array of the same kind as x has');
    compareY(subject, inputs, Float32Array.from(y.data), { what: 'apply on a Float16Array' });
  },
};
