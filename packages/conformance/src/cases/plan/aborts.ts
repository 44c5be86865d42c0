import type { Tensor } from '@rmsnorm/core';
import { createSignal, settled } from '../../case/abort-signal.ts';
import type { Case, Subject } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { check, describeError } from '../../case/failure.ts';
import { type Tensors, withTensors } from '../../case/tensors.ts';
import { compareBits } from '../../expected/compare-bits.ts';
import { verifyForward } from '../../operations/forward.ts';
import { inputsOf } from '../../operations/forward-spec.ts';
import { breathe } from '../../run/timers.ts';

/** When the one read is aborted, all reads having begun. */
const MOMENTS: Readonly<Record<string, () => Promise<void> | undefined>> = {
  'at-once': () => undefined,
  'in-a-microtask': () => Promise.resolve(),
  'in-a-task': breathe,
};

/** Read at once: other tensors, or one tensor by all. */
const READ: Readonly<Record<string, (tensors: Tensors, count: number) => readonly Tensor[]>> = {
  'other-tensors': (tensors, count) =>
    Array.from({ length: READERS }, (_, i) => tensors.filled(i + 1, [count + i], 'float32')),
  'one-tensor': (tensors, count) => {
    const tensor = tensors.filled(1, [count], 'float32');
    return Array.from({ length: READERS }, () => tensor);
  },
};

const READERS = 5;
const COUNTS = [7, 300_000];

/** Aborts one of the reads: it may still succeed or reject with the reason; the others must have their contents. */
function checkOthers(
  subject: Subject,
  { of, when, elements, aborted }: { of: string; when: string; elements: number; aborted: number },
): Promise<void> {
  return withTensors(subject.backend, async (tensors) => {
    const read = READ[of]!(tensors, elements);
    const signal = createSignal();
    const reason = new Error('no longer wanted');
    const pending = read.map((tensor, i) => settled(tensor.data(i === aborted ? { signal } : {})));
    await MOMENTS[when]!();
    signal.abort(reason);
    for (const [i, { value, error }] of (await Promise.all(pending)).entries()) {
      const wanted = i !== aborted;
      if (!wanted && error === reason) continue;
      check(
        error === undefined,
        () => `read ${i} of ${READERS}, of which ${aborted} was aborted: ${describeError(error)}`,
      );
      checkContents(value as Float32Array, read[i]!, `read ${i} of ${READERS}, of which ${aborted} was aborted`);
    }
    for (const [i, tensor] of read.entries()) {
      checkContents((await tensor.data()) as Float32Array, tensor, `tensor ${i}, read again after an abort`);
    }
    await verifyForward(subject, inputsOf({ shape: [3, 7], options: { dim: 7, axis: -1 } }, subject.random));
  });

  function checkContents(got: Float32Array, { shape }: Tensor, what: string): void {
    const value = of === 'one-tensor' ? 1 : shape[0]! - elements + 1;
    compareBits(got, new Float32Array(shape[0]!).fill(value), 'float32', what);
  }
}

/** One data() that is aborted does not spoil another that runs. */
export const abortCases: readonly Case[] = Object.keys(READ).flatMap((of) =>
  Object.keys(MOMENTS).flatMap((when) =>
    COUNTS.flatMap((elements) =>
      [0, 2, READERS - 1].map(
        (aborted): Case => ({
          id: caseId('backend/tensor', { check: 'data-aborted-beside', of, when, elements, aborted }),
          requires: { op: 'forward', dtypes: ['float32'] },
          run: (subject) => checkOthers(subject, { of, when, elements, aborted }),
        }),
      ),
    ),
  ),
);
