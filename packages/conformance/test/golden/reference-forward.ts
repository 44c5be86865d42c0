import { type Backend, decode, encode, type FloatDType, RMSNorm, type RMSNormOptions, reference } from '@rmsnorm/core';

const backend: Promise<Backend> = reference().create();

/** y of `@rmsnorm/core`'s reference, as numbers. */
export async function referenceForward(
  options: RMSNormOptions,
  shape: readonly number[],
  x: ArrayLike<number>,
  gamma: ArrayLike<number>,
  dtype: FloatDType = 'float32',
): Promise<Float32Array> {
  const norm = new RMSNorm(options);
  norm.gamma = { dtype: 'float32', shape: [gamma.length], data: Float32Array.from(gamma) };
  const y = await norm.apply({ dtype, shape, data: encode(x, dtype) }, await backend);
  norm.dispose();
  return decode(y.data, dtype);
}
