/** Element types of the tensors that are normalized. */
export type FloatDType = 'float32' | 'float16' | 'bfloat16';

/** All element types: `'int8'` stands on outputs of forwardQuantized alone. */
export type DType = FloatDType | 'int8';

export const FLOAT_DTYPES: readonly FloatDType[] = ['float32', 'float16', 'bfloat16'];

const BYTES: Readonly<Record<DType, number>> = { float32: 4, float16: 2, bfloat16: 2, int8: 1 };

/** Bytes of one element. */
export function bytesPerElement(dtype: DType): number {
  return BYTES[dtype];
}
