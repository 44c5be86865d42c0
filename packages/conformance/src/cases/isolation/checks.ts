import { bytesPerElement, FLOAT_DTYPES, rmsNorm, type Tensor } from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { check } from '../../case/failure.ts';
import { started } from '../../case/started.ts';
import { featuresOf } from '../../case/supported.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { wrapMemoryOf } from '../../case/wrapping.ts';
import { compareBits } from '../../expected/compare-bits.ts';
import { rowsShape } from '../../expected/normalization.ts';
import { normal } from '../../inputs/distributions.ts';
import { elements } from '../../inputs/elements.ts';
import { compareY, enqueue } from '../../operations/forward.ts';
import { type ForwardInputs, type ForwardSpec, inputsOf, requirementsOf } from '../../operations/forward-spec.ts';
import { GUARD, PADDING, STALE } from './guards.ts';

/** Odd lengths of 16-bit types end in the middle of a 32-bit word. */
const SPECS: readonly ForwardSpec[] = [
  { shape: [1, 1], options: { dim: 1, axis: -1 } },
  { shape: [3, 5], options: { dim: 5, axis: -1 } },
  { shape: [7, 41], options: { dim: 41, axis: -1 }, beta: true },
  { shape: [33, 129], options: { dim: 129, axis: -1 } },
  { shape: [1, 4099], options: { dim: 4099, axis: -1 } },
  { shape: [513, 16], options: { dim: 16, axis: -1 } },
  { shape: [3, 11, 7], options: { dim: 11 } },
  { shape: [5, 9, 67], options: { dim: 9, groups: 3 }, beta: true },
];

type Check = (subject: Subject, inputs: ForwardInputs) => Promise<void>;

const CHECKS: Readonly<Record<string, Check>> = {
  /** Neighbours, allocated right before and after the output, stay as they are. */
  async neighbours(subject, inputs) {
    const { shape, x } = inputs;
    await withTensors(subject.backend, async (tensors) => {
      const source = tensors.of(x, shape);
      const guards: Tensor[] = [];
      const guard = (): void => void guards.push(tensors.filled(GUARD, [37], 'float32'));
      guard();
      const out = tensors.filled(STALE, shape, x.dtype);
      guard();
      const rstd = asksForRstd(subject)
        ? { rstd: tensors.filled(STALE, rowsShape(inputs.operands.normalization), 'float32') }
        : {};
      guard();
      enqueue(tensors, inputs, { out, ...rstd }, source);
      compareY(subject, inputs, (await read(out)).values);
      for (const [i, tensor] of guards.entries()) {
        const { values } = await read(tensor);
        check(
          values.every((value) => value === GUARD),
          () =>
            `guard ${i} beside the output was overwritten at ${values.findIndex((value) => value !== GUARD)}: look at the end of the last row`,
        );
      }
    });
  },

  /** x, gamma and beta are only read. */
  async inputs(subject, inputs) {
    const { shape, x, gamma, beta, options } = inputs;
    await withTensors(subject.backend, async (tensors) => {
      const source = tensors.of(x, shape);
      const weights = { ...(gamma && { gamma: tensors.float32(gamma) }), ...(beta && { beta: tensors.float32(beta) }) };
      const y = tensors.keep(rmsNorm(source, { ...options, ...weights }));
      compareY(subject, inputs, (await read(y)).values);
      compareBits((await read(source)).values, x.values, x.dtype, 'x was changed by the forward');
      if (weights.gamma)
        compareBits((await read(weights.gamma)).values, gamma!, 'float32', 'gamma was changed by the forward');
      if (weights.beta)
        compareBits((await read(weights.beta)).values, beta!, 'float32', 'beta was changed by the forward');
    });
  },

  /** Every element of out is written, whatever stood there before: numbers or NaN. */
  async 'every-element'(subject, inputs) {
    const { shape, x } = inputs;
    for (const stale of [STALE, Number.NaN]) {
      await withTensors(subject.backend, async (tensors) => {
        const out = tensors.filled(stale, shape, x.dtype);
        enqueue(tensors, inputs, { out });
        compareY(subject, inputs, (await read(out)).values, { stale });
      });
    }
  },

  /** A second forward into the same tensor leaves nothing of the first. */
  async 'out-again'(subject, inputs) {
    const { shape, x } = inputs;
    await withTensors(subject.backend, async (tensors) => {
      const out = tensors.empty(shape, x.dtype);
      const other = elements(x.dtype, normal(3)(subject.random, x.data.length));
      enqueue(tensors, { ...inputs, x: other }, { out });
      await read(out);
      enqueue(tensors, inputs, { out });
      compareY(subject, inputs, (await read(out)).values);
    });
  },

  /** Work takes effect in the order of the calls, without waiting in between. */
  async order(subject, inputs) {
    const { shape, x } = inputs;
    await withTensors(subject.backend, async (tensors) => {
      const out = tensors.empty(shape, x.dtype);
      const other = elements(x.dtype, normal(3)(subject.random, x.data.length));
      enqueue(tensors, { ...inputs, x: other }, { out });
      const before = started(read(out));
      enqueue(tensors, inputs, { out });
      const after = started(read(out));
      const replaced = { ...inputs, x: other, operands: { ...inputs.operands, x: other.values } };
      compareY(subject, replaced, (await before).values);
      compareY(subject, inputs, (await after).values);
    });
  },

  /** A source that is freed right after the call was still used as it was. */
  async 'freed-source'(subject, inputs) {
    const { shape, x } = inputs;
    await withTensors(subject.backend, async (tensors) => {
      const source = subject.backend.tensor(x.data, shape, x.dtype);
      const y = enqueue(tensors, inputs, {}, source);
      source.dispose();
      tensors.filled(Number.NaN, shape, x.dtype);
      compareY(subject, inputs, (await read(y)).values);
    });
  },

  /** Over the first part of a larger piece of memory: what lies behind is neither read nor written. */
  async wrapped(subject, inputs) {
    const { shape, x } = inputs;
    const { backend } = subject;
    const length = x.data.length;
    const padded = (values: Float32Array, filling: number): Float32Array => {
      const all = new Float32Array(length + PADDING).fill(filling);
      all.set(values);
      return all;
    };
    await withTensors(backend, async (tensors) => {
      const source = tensors.of(elements(x.dtype, padded(x.values, Number.NaN)), [length + PADDING]);
      const target = tensors.filled(GUARD, [length + PADDING], x.dtype);
      const view = (tensor: Tensor): Tensor => tensors.keep(wrapMemoryOf(tensor, shape, x.dtype, backend));
      const out = view(target);
      enqueue(tensors, inputs, { out }, view(source));
      compareY(subject, inputs, (await read(out)).values);
      const { values } = await read(target);
      const behind = values.subarray(length);
      check(
        behind.every((value) => value === GUARD),
        () =>
          `element ${behind.findIndex((value) => value !== GUARD)} behind the ${length} ${x.dtype} elements of out was overwritten ` +
          `(memory wrapped by the caller, ${bytesPerElement(x.dtype) * length} bytes): write whole words only where they belong to out`,
      );
    });
  },
};

/** Every check on every layout in every dtype. */
export const isolationCheckCases: readonly Case[] = Object.entries(CHECKS).flatMap(([name, run]) =>
  FLOAT_DTYPES.flatMap((dtype) =>
    SPECS.map((base): Case => {
      const spec: ForwardSpec = { ...base, dtype };
      return {
        id: caseId('forward/isolation', { check: name, dtype, shape: showShape(spec.shape) }),
        requires: requirementsOf(spec),
        run: (subject) => run(subject, inputsOf(spec, subject.random)),
      };
    }),
  ),
);

function asksForRstd({ backend: { supports } }: Subject): boolean {
  return featuresOf(supports, 'forward').includes('rstd');
}
