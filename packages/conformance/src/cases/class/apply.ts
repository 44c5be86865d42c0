import { FLOAT_DTYPES, type HostTensor } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { check } from '../../case/failure.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { compareBits } from '../../expected/compare-bits.ts';
import { decoded } from '../../inputs/elements.ts';
import { compareY } from '../../operations/forward.ts';
import type { ForwardInputs, ForwardSpec } from '../../operations/forward-spec.ts';
import { classCase } from './class-case.ts';
import { SPECS } from './forward.ts';

/** The method apply, host array in and out. */
export const applyCases: readonly Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  SPECS.flatMap((base) => {
    const spec: ForwardSpec = { ...base, dtype };
    return [
      classCase('apply', spec, async (subject, inputs, norm) => {
        const { backend } = subject;
        const source = hostOf(inputs);
        const original = source.data.slice();
        const y = await norm.apply(source, backend);
        check(String(y.shape) === String(inputs.shape) && y.dtype === dtype, `apply gave ${y.dtype} [${y.shape}]`);
        const { values } = decoded(dtype, y.data as Float32Array);
        compareY(subject, inputs, values, { what: 'y of apply' });
        compareBits(Array.from(source.data), Array.from(original), dtype, 'x was changed by apply');
        if (backend.supports.promises.includes('invariance')) {
          const inTensors = await withTensors(backend, async (tensors) =>
            read(tensors.keep(norm.forward(tensors.of(inputs.x, inputs.shape)))),
          );
          compareBits(values, inTensors.values, dtype, 'apply against forward, which differ in place alone');
        }
      }),
      classCase('apply-out', spec, async (subject, inputs, norm) => {
        // Both arrays begin at an odd element of a larger buffer, as in a file that was read whole.
        const source = within(hostOf(inputs));
        const target = within(hostOf(inputs));
        const memory = target.data.buffer;
        target.data.fill(dtype === 'float32' ? -9 : 0x4321);
        const result = await norm.apply(source, subject.backend, { out: target });
        check(result.data === target.data, 'apply(x, backend, { out }) returns out');
        compareY(subject, inputs, decoded(dtype, target.data).values, { what: 'out of apply' });
        const around = new Uint8Array(memory);
        const { byteOffset, byteLength } = target.data;
        check(
          around.every((byte, i) => (i >= byteOffset && i < byteOffset + byteLength) || byte === 0),
          'apply wrote beside out, into the rest of its buffer',
        );
        await norm.apply(source, subject.backend, { out: source });
        compareY(subject, inputs, decoded(dtype, source.data).values, { what: 'x after apply in place' });
      }),
    ];
  }),
);

function hostOf({ x, shape }: ForwardInputs): HostTensor & { data: Float32Array | Uint16Array } {
  return { dtype: x.dtype, shape, data: x.data.slice() };
}

/** The same tensor in the middle of a larger buffer. */
function within(host: HostTensor & { data: Float32Array | Uint16Array }): typeof host {
  const { data } = host;
  const Kind = data.constructor as new (length: number) => typeof data;
  const memory = new Kind(data.length + 6);
  memory.set(data, 3);
  return { ...host, data: memory.subarray(3, 3 + data.length) };
}
