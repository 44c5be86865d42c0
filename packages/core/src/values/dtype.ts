/*
 * The folder `values/`: numbers, shapes, host arrays and errors, as everything else uses them. It imports from no other
 * folder.
 */

export const FLOAT_DTYPES = ['float32', 'float16', 'bfloat16'] as const;

/** Element types of the tensors that are normalized. */
export type FloatDType = (typeof FLOAT_DTYPES)[number];

/** All element types: `'int8'` stands on outputs of forwardQuantized alone. */
export type DType = FloatDType | 'int8';

const BYTES: Readonly<Record<DType, number>> = { float32: 4, float16: 2, bfloat16: 2, int8: 1 };

/** Whether a value, of a caller without types perhaps, names one of them. */
export function isFloatDType(value: unknown): value is FloatDType {
  return (FLOAT_DTYPES as readonly unknown[]).includes(value);
}

/** Bytes of one element. */
export function bytesPerElement(dtype: DType): number {
  return BYTES[dtype];
}
