import type { Backend, FloatDType } from '@rmsnorm/core';
import { createSignal, settled } from '../../case/abort-signal.ts';
import { type Case, NotApplicable, type Subject } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { ConformanceFailure, check } from '../../case/failure.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { compareBits } from '../../expected/compare-bits.ts';
import { verifyForward } from '../../operations/forward.ts';
import { inputsOf } from '../../operations/forward-spec.ts';

/** The dtype that a tensor gets from its data, and reads that are aborted or many at once. */
export const readCases: readonly Case[] = [
  tensorCase('numbers-are-float32', 'float32', ({ backend }) => checkDefaultDType(backend)),
  tensorCase('Float16Array', 'float16', ({ backend }) => checkFloat16Array(backend)),
  tensorCase('data-aborted-before', 'float32', ({ backend }) => checkAbortedBefore(backend)),
  tensorCase('data-aborted-during', 'float32', ({ backend }) => checkAbortedDuring(backend)),
  tensorCase('many-reads-at-once', 'float32', checkManyReads),
];

function tensorCase(name: string, dtype: FloatDType, run: (subject: Subject) => Promise<void>): Case {
  return { id: caseId('backend/tensor', { check: name }), requires: { op: 'forward', dtypes: [dtype] }, run };
}

function checkDefaultDType(backend: Backend): Promise<void> {
  return withTensors(backend, async (tensors) => {
    for (const { dtype } of [
      tensors.keep(backend.tensor([1.1, 2], [2])),
      tensors.keep(backend.tensor(new Float32Array([1.1, 2]), [2])),
      tensors.keep(backend.empty([2])),
    ]) {
      check(dtype === 'float32', `numbers, Float32Array and empty() are float32 unless told, got ${dtype}`);
    }
  });
}

async function checkFloat16Array(backend: Backend): Promise<void> {
  const { Float16Array } = globalThis as { Float16Array?: { from(values: number[]): never } };
  if (!Float16Array) throw new NotApplicable('not in this runtime: Float16Array');
  await withTensors(backend, async (tensors) => {
    const tensor = tensors.keep(backend.tensor(Float16Array.from([1.5, -2.25, 65504]), [3]));
    check(tensor.dtype === 'float16', `a Float16Array is float16, got ${tensor.dtype}`);
    compareBits((await read(tensor)).values, [1.5, -2.25, 65504], 'float16', 'a tensor made from a Float16Array');
  });
}

const THREES = new Float32Array(5).fill(3);

function checkAbortedBefore(backend: Backend): Promise<void> {
  return withTensors(backend, async (tensors) => {
    const tensor = tensors.filled(3, [5], 'float32');
    const reason = new Error('no longer wanted');
    const signal = createSignal();
    signal.abort(reason);
    const { error } = await settled(tensor.data({ signal }));
    const happened = error ? `rejected with ${error}` : 'it resolved';
    check(error === reason, `data() with an aborted signal must reject with signal.reason, ${happened}`);
    compareBits((await read(tensor)).values, THREES, 'float32', 'the tensor after an aborted data()');
  });
}

function checkAbortedDuring(backend: Backend): Promise<void> {
  return withTensors(backend, async (tensors) => {
    const tensor = tensors.filled(3, [5], 'float32');
    const signal = createSignal();
    const reason = new Error('no longer wanted');
    const pending = settled(tensor.data({ signal }));
    signal.abort(reason);
    const { value, error } = await pending;
    if (error !== undefined && error !== reason) {
      throw new ConformanceFailure(
        `data() aborted while it ran must reject with signal.reason, rejected with ${error}`,
      );
    }
    if (value) compareBits(value, THREES, 'float32', 'data() that came before the abort');
    compareBits((await read(tensor)).values, THREES, 'float32', 'the tensor after an aborted data()');
  });
}

function checkManyReads(subject: Subject): Promise<void> {
  return withTensors(subject.backend, async (tensors) => {
    const made = Array.from({ length: 20 }, (_, i) => tensors.filled(i, [i + 1], 'float32'));
    const contents = await Promise.all(made.map((tensor) => read(tensor)));
    for (const [i, { values }] of contents.entries()) {
      const expected = new Float32Array(i + 1).fill(i);
      compareBits(values, expected, 'float32', `read ${i} of 20 that were asked for at once`);
    }
    await verifyForward(subject, inputsOf({ shape: [3, 7], options: { dim: 7, axis: -1 } }, subject.random));
  });
}
