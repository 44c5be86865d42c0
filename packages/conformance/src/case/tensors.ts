import type { Backend, DType, FloatDType, Tensor } from '@rmsnorm/core';
import { countOf } from '../expected/normalization.ts';
import { decoded, type Elements, elements } from '../inputs/elements.ts';

/** Makes tensors that {@link withTensors} disposes. */
export interface Tensors {
  of(content: Elements, shape: readonly number[]): Tensor;
  /** A vector unless a shape is given. */
  float32(data: Float32Array, shape?: readonly number[]): Tensor;
  filled(value: number, shape: readonly number[], dtype: FloatDType): Tensor;
  empty(shape: readonly number[], dtype?: DType): Tensor;
  /** Disposes this one, too: a result, or a tensor that was made elsewhere. */
  keep<T extends Tensor>(tensor: T): T;
}

/** Runs `body`, then disposes what it made or kept, also where it throws. */
export async function withTensors<T>(backend: Backend, body: (tensors: Tensors) => Promise<T>): Promise<T> {
  const made: Tensor[] = [];
  const keep = <K extends Tensor>(tensor: K): K => {
    made.push(tensor);
    return tensor;
  };
  try {
    return await body({
      of: ({ data, dtype }, shape) => keep(backend.tensor(data, shape, dtype)),
      float32: (data, shape = [data.length]) => keep(backend.tensor(data, shape)),
      filled(value, shape, dtype) {
        const { data } = elements(dtype, new Float64Array(countOf(shape)).fill(value));
        return keep(backend.tensor(data, shape, dtype));
      },
      empty: (shape, dtype) => keep(backend.empty(shape, dtype)),
      keep,
    });
  } finally {
    for (const tensor of made) tensor.dispose();
  }
}

/** What a tensor holds. */
export async function read(tensor: Tensor): Promise<Elements> {
  return decoded(tensor.dtype as FloatDType, await tensor.data());
}
