import { decode, type FloatDType } from '@rmsnorm/core';
import type { FloatElements } from '../elements.ts';

const ALL_BITS = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
const TABLES: Partial<Record<FloatDType, Float32Array>> = {};

/** Elements as numbers. By a table of all 65,536 values of a 16-bit type, since the arrays here are long. */
export function decodeByTable(data: FloatElements, dtype: FloatDType): Float32Array {
  if (data instanceof Float32Array) return data;
  TABLES[dtype] ??= decode(ALL_BITS, dtype);
  const table = TABLES[dtype];
  const values = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) values[i] = table[data[i]!]!;
  return values;
}
