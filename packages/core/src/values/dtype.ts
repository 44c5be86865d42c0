/*
 * The folder `values/`: numbers, shapes, host arrays and errors, as everything else uses them. It imports from no other
 * folder.
 */

import { unreachable } from './unreachable.ts';

export const FLOAT_DTYPES = ['float32', 'float16', 'bfloat16'] as const;

/** Element types of the tensors that are normalized. */
export type FloatDType = (typeof FLOAT_DTYPES)[number];

/** All element types: `'int8'` stands on outputs of forwardQuantized alone. */
export type DType = FloatDType | 'int8';

/** Whether a value, of a caller without types perhaps, names one of them. */
export function isFloatDType(value: unknown): value is FloatDType {
  return (FLOAT_DTYPES as readonly unknown[]).includes(value);
}

/** Bytes of one element. */
export function bytesPerElement(dtype: DType): number {
  switch (dtype) {
    case 'float32':
      return 4;
    case 'float16':
    case 'bfloat16':
      return 2;
    case 'int8':
      return 1;
    default:
      return unreachable(dtype, 'dtype');
  }
}
