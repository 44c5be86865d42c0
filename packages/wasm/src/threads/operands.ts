import type { Op } from '@rmsnorm/core';
import { OP_CODE } from '../kernels.ts';

/**
 * What an argument of an operation is: a number for all chunks, or the address of something of which a slab [size, inner]
 * has so many bytes: elements of the dtype, an int8 for each element, a float32 for each row; or for each (outer, inner).
 */
export type Operand = 'number' | 'elements' | 'bytes' | 'rows' | 'columns';

const OPERANDS: Readonly<Record<Op, readonly Operand[]>> = {
  forward: ['elements', 'elements', 'rows'],
  addForward: ['elements', 'elements', 'elements', 'elements', 'rows'],
  gatedForward: ['elements', 'elements', 'elements', 'rows', 'number'],
  backward: [],
  sumSquares: ['elements', 'rows'],
  scaleBy: ['elements', 'rows', 'number', 'elements'],
  forwardQuantized: ['elements', 'bytes', 'columns', 'number'],
};

const BY_CODE: readonly (readonly Operand[])[] = (Object.keys(OPERANDS) as Op[])
  .sort((a, b) => OP_CODE[a] - OP_CODE[b])
  .map((op) => OPERANDS[op]);

/** The arguments of an operation, by its code; of forward those that are its own: x, y and rstd. */
export function operandsOf(op: number): readonly Operand[] {
  return BY_CODE[op]!;
}
