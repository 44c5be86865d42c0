import type { HostTensor } from '@rmsnorm/core';
import type { Subject } from '../../case/case.ts';
import { check } from '../../case/failure.ts';
import type { PlannedCall } from '../../case/planned-call.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { compareBits } from '../../expected/compare-bits.ts';
import { decoded } from '../../inputs/elements.ts';
import { compareY, enqueue } from '../../operations/forward.ts';
import { type ForwardInputs, type ForwardSpec, inputsOf } from '../../operations/forward-spec.ts';
import { withNorm } from '../class/class-case.ts';

/** Elements before and behind an array that is given, in its own buffer. */
const MARGIN = 3;

/** Makes a planned call from host array to host array, and holds it to the formula and to the bits of forward. */
export async function runApplied(subject: Subject, { spec, place }: PlannedCall): Promise<void> {
  const { backend } = subject;
  const inputs = inputsOf(spec as unknown as ForwardSpec, subject.random);
  const { dtype } = inputs.x;
  const source = within(inputs);
  const out = outOf(place, source, inputs);
  const values = await withNorm(inputs, async (norm) => {
    const y = await norm.apply(source, backend, out && { out });
    check(out === undefined || y.data === out.data, 'apply(x, backend, { out }) returns out');
    return decoded(dtype, y.data as Float32Array | Uint16Array).values;
  });
  compareY(subject, inputs, values, { what: 'y of apply' });
  for (const host of new Set([source, ...(out ? [out] : [])])) checkMargins(host);
  if (out !== source) compareBits(Array.from(source.data), Array.from(inputs.x.data), dtype, 'x was changed by apply');
  if (!backend.supports.promises.includes('invariance')) return;
  const inTensors = await withTensors(backend, async (tensors) => read(enqueue(tensors, inputs)));
  compareBits(values, inTensors.values, dtype, 'apply against forward, which differ in place alone');
}

type Host = HostTensor & { readonly data: Float32Array | Uint16Array };

function outOf(place: string, source: Host, inputs: ForwardInputs): Host | undefined {
  if (place === 'fresh') return undefined;
  return place === 'given' ? { ...within(inputs), data: within(inputs).data.fill(0x4321) } : source;
}

/** x at an odd element of a larger buffer, as in a file that was read whole. */
function within({ x, shape }: ForwardInputs): Host {
  const Kind = x.data.constructor as new (length: number) => typeof x.data;
  const memory = new Kind(x.data.length + 2 * MARGIN);
  memory.set(x.data, MARGIN);
  return { dtype: x.dtype, shape, data: memory.subarray(MARGIN, MARGIN + x.data.length) };
}

function checkMargins({ data }: Host): void {
  const Kind = data.constructor as new (buffer: ArrayBufferLike) => typeof data;
  const all = new Kind(data.buffer);
  const margins = [...all.subarray(0, MARGIN), ...all.subarray(all.length - MARGIN)];
  check(
    margins.every((value) => value === 0),
    'apply wrote beside an array, into the rest of its buffer',
  );
}
