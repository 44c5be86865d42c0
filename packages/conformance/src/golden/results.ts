import type { FloatDType } from '@rmsnorm/core';
import { decoded, type Elements } from '../inputs/elements.ts';

const DIGITS = { float32: 8, float16: 4, bfloat16: 4 } as const;

/** Elements as the hexadecimal digits of their bits. */
export function toHex(data: Float32Array | Uint16Array): string {
  const bits = data instanceof Float32Array ? new Uint32Array(data.buffer, data.byteOffset, data.length) : data;
  const digits = 2 * data.BYTES_PER_ELEMENT;
  return Array.from(bits, (word) => word.toString(16).padStart(digits, '0')).join('');
}

export function fromHex(hex: string, dtype: FloatDType): Elements {
  const digits = DIGITS[dtype];
  const words = Array.from({ length: hex.length / digits }, (_, i) =>
    Number.parseInt(hex.slice(i * digits, (i + 1) * digits), 16),
  );
  return decoded(
    dtype,
    dtype === 'float32' ? new Float32Array(Uint32Array.from(words).buffer) : Uint16Array.from(words),
  );
}
