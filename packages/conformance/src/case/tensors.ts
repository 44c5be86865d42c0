import type { Backend, DType, FloatDType, Tensor } from '@rmsnorm/core';
import { decoded, type Elements, elements } from '../inputs/elements.ts';

/** Makes tensors and disposes them all at the end of a case. */
export interface Tensors {
  of(content: Elements, shape: readonly number[]): Tensor;
  float32(data: Float32Array, shape?: readonly number[]): Tensor;
  filled(value: number, shape: readonly number[], dtype: FloatDType): Tensor;
  empty(shape: readonly number[], dtype?: DType): Tensor;
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
        const count = shape.reduce((product, length) => product * length, 1);
        const { data } = elements(dtype, new Float64Array(count).fill(value));
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
