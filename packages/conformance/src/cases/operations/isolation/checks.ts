import { bytesPerElement, type DType, type Tensor } from '@rmsnorm/core';
import type { Case, Subject } from '../../../case/case.ts';
import { check } from '../../../case/failure.ts';
import { started } from '../../../case/started.ts';
import { read, withTensors } from '../../../case/tensors.ts';
import { wrapMemoryOf } from '../../../case/wrapping.ts';
import { compareBits } from '../../../expected/compare-bits.ts';
import { countOf } from '../../../expected/normalization.ts';
import { elements } from '../../../inputs/elements.ts';
import { mapped, numbersOf, outcomeOf, perform, upload } from '../../../operations/run-call.ts';
import { GUARD, PADDING, STALE } from '../../isolation/guards.ts';
import { SAMPLES, type Sample } from '../samples.ts';
import { blank, guarded, INT8_GUARD, targetsOf, unchanged } from './targets.ts';

type Check = (subject: Subject, sample: Sample) => Promise<void>;

const CHECKS: Readonly<Record<string, Check>> = {
  /** What was allocated right before and after each output stays as it is. */
  async neighbours(subject, sample) {
    const prepared = sample.prepare(subject.random);
    await withTensors(subject.backend, async (tensors) => {
      const inputs = upload(tensors, prepared);
      const guards = [tensors.filled(GUARD, [37], 'float32')];
      const targets = targetsOf(prepared, (output) => {
        const target = blank(tensors, output);
        guards.push(tensors.filled(GUARD, [37], 'float32'));
        return target;
      });
      prepared.compare(await numbersOf(perform(tensors, prepared, inputs, targets)), subject.backend.supports);
      for (const [i, tensor] of guards.entries()) {
        const { values } = await read(tensor);
        const at = values.findIndex((value) => value !== GUARD);
        check(at < 0, () => `guard ${i} beside an output was overwritten at ${at}: look at the end of the last row`);
      }
    });
  },

  /** Inputs are only read. */
  async inputs(subject, sample) {
    const prepared = sample.prepare(subject.random);
    await withTensors(subject.backend, async (tensors) => {
      const inputs = upload(tensors, prepared);
      prepared.compare(await numbersOf(perform(tensors, prepared, inputs)), subject.backend.supports);
      await unchanged(prepared, inputs);
    });
  },

  /** Every element is written, whatever stood there before: numbers or NaN, or for int8 those of another call. */
  async 'every-element'(subject, sample) {
    for (const stale of [STALE, Number.NaN]) {
      const other = sample.prepare(subject.random);
      const prepared = sample.prepare(subject.random);
      await withTensors(subject.backend, async (tensors) => {
        const targets = targetsOf(prepared, ({ shape, dtype }) =>
          dtype === 'int8' ? tensors.empty(shape, dtype) : tensors.filled(stale, shape, dtype),
        );
        if (Object.values(targets).some(({ dtype }) => dtype === 'int8')) perform(tensors, other, undefined, targets);
        const results = await numbersOf(perform(tensors, prepared, undefined, targets));
        prepared.compare(results, { accuracy: subject.backend.supports.accuracy, stale });
      });
    }
  },

  /** Work takes effect in the order of the calls, also into the same tensors, without waiting in between. */
  async order(subject, sample) {
    const [first, second] = [sample.prepare(subject.random), sample.prepare(subject.random)];
    await withTensors(subject.backend, async (tensors) => {
      const targets = targetsOf(first, (output) => blank(tensors, output));
      const before = started(numbersOf(perform(tensors, first, undefined, targets)));
      const after = started(numbersOf(perform(tensors, second, undefined, targets)));
      first.compare(await before, subject.backend.supports);
      second.compare(await after, subject.backend.supports);
    });
  },

  /** Inputs that are freed right after the call were still used as they were. */
  async 'freed-inputs'(subject, sample) {
    const prepared = sample.prepare(subject.random);
    await withTensors(subject.backend, async (tensors) => {
      const inputs = upload(tensors, prepared);
      const results = perform(tensors, prepared, inputs);
      for (const tensor of Object.values(inputs)) tensor.dispose();
      for (const { content, shape } of Object.values(prepared.inputs)) {
        tensors.filled(Number.NaN, shape, content.dtype);
      }
      prepared.compare(await numbersOf(results), subject.backend.supports);
    });
  },

  /** Over the first part of larger pieces of memory: what lies behind is neither read nor written. */
  async wrapped(subject, sample) {
    const { backend } = subject;
    const prepared = sample.prepare(subject.random);
    await withTensors(backend, async (tensors) => {
      const wrap = (owner: Tensor, shape: readonly number[], dtype: DType): Tensor =>
        tensors.keep(wrapMemoryOf(owner, shape, dtype, backend));
      const inputs = mapped(prepared.inputs, ({ content, shape }) => {
        const padded = new Float32Array(content.values.length + PADDING).fill(Number.NaN);
        padded.set(content.values);
        const owner = tensors.of(elements(content.dtype, padded), [padded.length]);
        return wrap(owner, shape, content.dtype);
      });
      const owners: Record<string, Tensor> = {};
      const targets = targetsOf(prepared, ({ shape, dtype }, name) => {
        owners[name] = guarded(tensors, countOf(shape) + PADDING, dtype, sample.dtype);
        return wrap(owners[name], shape, dtype);
      });
      prepared.compare(await numbersOf(perform(tensors, prepared, inputs, targets)), subject.backend.supports);
      for (const [name, values] of Object.entries(await numbersOf(owners))) {
        const { shape, dtype } = prepared.outputs[name]!;
        const count = countOf(shape);
        const before = dtype === 'int8' ? INT8_GUARD : GUARD;
        const at = Array.from(values).findIndex((value, i) => i >= count && value !== before);
        check(
          at < 0,
          () =>
            `element ${at - count} behind the ${count} ${dtype} elements of ${name} was overwritten (memory wrapped by the ` +
            `caller, ${bytesPerElement(dtype) * count} bytes): write whole words only where they belong to ${name}`,
        );
      }
    });
  },

  /** The same bits again. */
  async repeated(subject, sample) {
    const prepared = sample.prepare(subject.random);
    const first = await outcomeOf(subject, prepared);
    for (let run = 1; run < 3; run++) {
      const again = await outcomeOf(subject, prepared);
      for (const [name, values] of Object.entries(again)) {
        compareBits(values, first[name]!, prepared.outputs[name]!.dtype, `${name} of run ${run} against the first`);
      }
    }
  },
};

/** Every check on every sample. */
export const operationCheckCases: readonly Case[] = Object.entries(CHECKS).flatMap(([name, run]) =>
  SAMPLES.map((sample): Case => {
    const { requires } = sample;
    return {
      id: sample.id('isolation', { check: name }),
      requires: name === 'repeated' ? { ...requires, promises: [...requires.promises!, 'invariance'] } : requires,
      run: (subject) => run(subject, sample),
    };
  }),
);
