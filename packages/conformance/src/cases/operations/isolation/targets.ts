import { type DType, type FloatDType, rmsNormQuantized, type Tensor } from '@rmsnorm/core';
import { read, type Tensors } from '../../../case/tensors.ts';
import { compareBits } from '../../../expected/compare-bits.ts';
import type { Named, Output, PreparedCall } from '../../../operations/operation-model.ts';
import { mapped } from '../../../operations/run-call.ts';
import { GUARD, STALE } from '../../isolation/guards.ts';

/** As {@link GUARD}, of int8. */
export const INT8_GUARD = 50;

/** A tensor for every output that one can be given for. */
export function targetsOf(prepared: PreparedCall, make: (output: Output, name: string) => Tensor): Named<Tensor> {
  const given = Object.entries(prepared.outputs).filter(([, { made }]) => made !== 'always');
  return mapped(Object.fromEntries(given), make);
}

/** A target whose contents show where they were not overwritten; int8 cannot be filled. */
export function blank(tensors: Tensors, { shape, dtype }: Output): Tensor {
  return dtype === 'int8' ? tensors.empty(shape, dtype) : tensors.filled(STALE, shape, dtype);
}

/**
 * A tensor of known contents; only the quantized operation itself can write int8.
 * @param source a dtype that the backend takes there
 */
export function guarded(tensors: Tensors, count: number, dtype: DType, source: FloatDType): Tensor {
  if (dtype !== 'int8') return tensors.filled(GUARD, [count], dtype);
  const ones = tensors.filled(1, [count, 1], source);
  const { q, scales } = rmsNormQuantized(ones, { dim: 1, axis: -1, eps: 0, quantScale: 1 / INT8_GUARD });
  tensors.keep(scales);
  return tensors.keep(q);
}

/** Holds inputs to be what they were. */
export async function unchanged(prepared: PreparedCall, inputs: Named<Tensor>): Promise<void> {
  for (const [name, tensor] of Object.entries(inputs)) {
    const { content } = prepared.inputs[name]!;
    compareBits((await read(tensor)).values, content.values, content.dtype, `${name} was changed`);
  }
}
