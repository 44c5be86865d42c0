import { bytesPerElement, type FloatDType, OPERATIONS, type Op, type Operand } from '@rmsnorm/core';
import { DTYPE, OPERAND, OPS } from '../generated/descriptor/index.ts';
import type { Chunk } from './cut.ts';

/** The names for codes of a descriptor. */
export const opOf = (code: number): Op => OPS[code - 1]!;
export const dtypeOf = (code: number): FloatDType => (Object.keys(DTYPE) as FloatDType[])[code - 1]!;

/** The call that is cut. */
export interface CallExtents {
  readonly groups: number;
  readonly size: number;
  readonly inner: number;
  readonly dtype: FloatDType;
}

/** The field with an operand's address, and for each chunk the bytes from there to its part of the operand. */
export interface OperandOffsets {
  readonly word: number;
  readonly offsets: readonly number[];
}

/** The offsets of all operands of an operation. */
export function offsetsOf(op: Op, chunks: readonly Chunk[], extents: CallExtents): readonly OperandOffsets[] {
  return OPERATIONS[op].operands.map((operand) => ({
    word: OPERAND[operand.name],
    offsets: chunks.map((chunk) => elementOf(operand, chunk, extents) * elementBytes(operand, extents)),
  }));
}

/** The first element of a chunk's part of an operand. */
function elementOf({ extent }: Operand, { slab, firstGroup }: Chunk, { groups, size, inner }: CallExtents): number {
  switch (extent) {
    case 'elements':
      return slab * size * inner;
    case 'rows':
      return slab * inner;
    case 'positions':
      return (slab / groups) * inner;
    case 'features':
      return firstGroup * size;
    default:
      return extent satisfies never;
  }
}

function elementBytes({ dtype }: Operand, extents: CallExtents): number {
  switch (dtype) {
    case 'x':
      return bytesPerElement(extents.dtype);
    case 'float32':
    case 'int8':
      return bytesPerElement(dtype);
    default:
      return dtype satisfies never;
  }
}
