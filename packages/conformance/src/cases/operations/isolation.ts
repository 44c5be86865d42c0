import { bytesPerElement, type DType, rmsNormQuantized, type Tensor } from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { check } from '../../case/failure.ts';
import { read, type Tensors, withTensors } from '../../case/tensors.ts';
import { wrapMemoryOf } from '../../case/wrapping.ts';
import { compareBits } from '../../expected/compare-bits.ts';
import { elements } from '../../inputs/elements.ts';
import type { Named, Output, PreparedCall } from '../../operations/operation-model.ts';
import { numbersOf, outcomeOf, perform, upload } from '../../operations/run-call.ts';
import { SAMPLES, type Sample } from './samples.ts';

const GUARD = -7.25;
const STALE = 1234.5;
const PADDING = 9;

type Check = (subject: Subject, sample: Sample) => Promise<void>;

const CHECKS: Readonly<Record<string, Check>> = {
  /** What was allocated right before and after each output stays as it is. */
  async neighbours(subject, sample) {
    const prepared = sample.prepare(subject.random);
    await withTensors(subject.backend, async (tensors) => {
      const inputs = upload(tensors, prepared);
      const guards = [tensors.filled(GUARD, [37], 'float32')];
      const targets = targetsOf(prepared, (slot) => {
        const target = blank(tensors, slot);
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

  /** Inputs are read alone. */
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
      const targets = targetsOf(first, (slot) => blank(tensors, slot));
      const before = numbersOf(perform(tensors, first, undefined, targets));
      const after = numbersOf(perform(tensors, second, undefined, targets));
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
        owners[name] = guarded(tensors, countOf(shape) + PADDING, dtype);
        return wrap(owners[name], shape, dtype);
      });
      prepared.compare(await numbersOf(perform(tensors, prepared, inputs, targets)), subject.backend.supports);
      for (const [name, values] of Object.entries(await numbersOf(owners))) {
        const { shape, dtype } = prepared.outputs[name]!;
        const count = countOf(shape);
        const before = dtype === 'int8' ? QUANTIZED_GUARD : GUARD;
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
        compareBits(values, first[name]!, dtypeOf(prepared, name), `${name} of run ${run} against the first`);
      }
    }
  },
};

const QUANTIZED_GUARD = 50;

const checks: Case[] = Object.entries(CHECKS).flatMap(([name, run]) =>
  SAMPLES.map((sample): Case => {
    const { requires } = sample;
    return {
      id: sample.id('isolation', { check: name }),
      requires: name === 'repeated' ? { ...requires, promises: [...requires.promises!, 'invariance'] } : requires,
      run: (subject) => run(subject, sample),
    };
  }),
);

/** Every way to let outputs be inputs: right, and where it is promised bit for bit as with memory of their own. */
const inPlace: Case[] = SAMPLES.flatMap((sample): Case[] =>
  placementsOf(sample).map((placement) => ({
    id: sample.id('in-place', placement),
    requires: sample.requires,
    async run(subject) {
      const prepared = sample.prepare(subject.random);
      const apart = await outcomeOf(subject, prepared);
      await withTensors(subject.backend, async (tensors) => {
        const inputs = upload(tensors, prepared);
        const targets = mapped(placement, (input) => inputs[input]!);
        const results = await numbersOf(perform(tensors, prepared, inputs, targets));
        prepared.compare(results, subject.backend.supports);
        const overwritten = Object.values(placement);
        const kept = Object.entries(inputs).filter(([input]) => !overwritten.includes(input));
        await unchanged(prepared, Object.fromEntries(kept));
        if (!subject.backend.supports.promises.includes('invariance')) return;
        for (const [name, values] of Object.entries(results)) {
          compareBits(values, apart[name]!, dtypeOf(prepared, name), `${name} in place against memory of its own`);
        }
      });
    },
  })),
);

export const operationIsolationCases: readonly Case[] = [...checks, ...inPlace];

/** Which input each output takes the memory of: all that the contract allows. */
function placementsOf({ op }: Sample): readonly Named<string>[] {
  switch (op) {
    case 'addForward':
      return [
        { y: 'x' },
        { y: 'residual' },
        { sum: 'x' },
        { sum: 'residual' },
        { y: 'x', sum: 'residual' },
        { y: 'residual', sum: 'x' },
      ];
    case 'gatedForward':
      return [{ y: 'x' }, { y: 'gate' }];
    case 'backward':
      return [{ dx: 'x' }, { dx: 'dy' }];
    case 'scaleBy':
      return [{ y: 'x' }];
    default:
      return [];
  }
}

/** A tensor for every output that one can be given for. */
function targetsOf(prepared: PreparedCall, make: (slot: Output, name: string) => Tensor): Named<Tensor> {
  return mapped(
    Object.fromEntries(Object.entries(prepared.outputs).filter(([, slot]) => slot.made !== 'always')),
    make,
  );
}

function blank(tensors: Tensors, { shape, dtype }: Output): Tensor {
  return dtype === 'int8' ? tensors.empty(shape, dtype) : tensors.filled(STALE, shape, dtype);
}

/** A tensor of known contents; only the quantized operation itself can write int8. */
function guarded(tensors: Tensors, count: number, dtype: DType): Tensor {
  if (dtype !== 'int8') return tensors.filled(GUARD, [count], dtype);
  const ones = tensors.filled(1, [count, 1], 'float32');
  const { q, scales } = rmsNormQuantized(ones, { dim: 1, axis: -1, eps: 0, quantScale: 1 / QUANTIZED_GUARD });
  tensors.keep(scales);
  return tensors.keep(q);
}

async function unchanged(prepared: PreparedCall, inputs: Named<Tensor>): Promise<void> {
  for (const [name, tensor] of Object.entries(inputs)) {
    const { content } = prepared.inputs[name]!;
    compareBits((await read(tensor)).values, content.values, content.dtype, `${name} was changed`);
  }
}

function dtypeOf(prepared: PreparedCall, name: string): DType {
  return prepared.outputs[name]!.dtype;
}

function countOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

function mapped<T, R>(named: Named<T>, map: (value: T, name: string) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [name, map(value, name)]));
}
