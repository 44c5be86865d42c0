import { encode } from '@rmsnorm/core';
import * as ort from 'onnxruntime-web/wasm';
import { normModel, type OnnxNorm } from './norm-model.ts';

// One thread: the sums are then in one order on every machine.
ort.env.wasm.numThreads = 1;

/** Runs a model of one node in onnxruntime-web's WASM, on its CPU kernels; 16-bit results are raw bits. */
export async function runOnnx(
  norm: OnnxNorm,
  x: ArrayLike<number>,
  scale: ArrayLike<number>,
): Promise<Float32Array | Uint16Array> {
  const session = await ort.InferenceSession.create(normModel(norm), { executionProviders: ['wasm'] });
  try {
    const tensor = (values: ArrayLike<number>, shape: readonly number[]): ort.Tensor => {
      const data = encode(values, norm.dtype);
      // Uint16Array is what ORT takes for float16 in engines without Float16Array; its types name only the latter.
      return new ort.Tensor(norm.dtype as 'float32', data as Float32Array, shape);
    };
    const { Y } = await session.run({ X: tensor(x, norm.shape), scale: tensor(scale, norm.shape.slice(norm.axis)) });
    const data: unknown = Y!.data;
    if (data instanceof Float32Array || data instanceof Uint16Array) return data;
    return new Uint16Array((data as Uint16Array).buffer);
  } finally {
    await session.release();
  }
}
