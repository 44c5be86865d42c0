import { expect } from 'vitest';
import { RMSNorm } from '../src/api/rms-norm.ts';
import type { Tensor } from '../src/backend/backend.ts';
import type { RMSNormOptions } from '../src/options/options.ts';
import { decode } from '../src/values/encoding.ts';

/** Matches an RMSNormError of this code. */
export const code = (expected: string): unknown => expect.objectContaining({ code: expected });

/** Numbers in [-1, 1] that do not repeat. */
export function wave(count: number, seed = 1): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898 * seed + seed));
}

/** The elements of a tensor as numbers. */
export async function valuesOf(tensor: Tensor): Promise<number[]> {
  const data = await tensor.data();
  return tensor.dtype === 'int8' ? [...data] : [...decode(data as Float32Array, tensor.dtype)];
}

/** A norm whose gamma and beta are waves. */
export function normWith(options: RMSNormOptions, seed = 3): RMSNorm {
  const norm = new RMSNorm(options);
  norm.gamma?.data.set(wave(norm.options.features, seed));
  norm.beta?.data.set(wave(norm.options.features, seed + 1));
  norm.update();
  return norm;
}

/** Whether a tensor was disposed of. */
export function isGone(tensor: Tensor): boolean {
  try {
    return !tensor.buffer;
  } catch {
    return true;
  }
}
