import type { Workload } from './workload.ts';

/** A vector of the copies' loops, and the size that a WGSL binding of vec4 is a multiple of. */
const VECTOR_BYTES = 16;

/**
 * What a copy copies: half of the bytes that the workload moves, in whole vectors. They are those of x, again and
 * again.
 */
export function copySource({ inputs: { x }, bytesMoved }: Workload): Uint8Array {
  const bytes = new Uint8Array(x.buffer, x.byteOffset, x.byteLength);
  const source = new Uint8Array(Math.floor(bytesMoved / 2 / VECTOR_BYTES) * VECTOR_BYTES);
  for (let at = 0; at < source.length; at += bytes.length) source.set(bytes.subarray(0, source.length - at), at);
  return source;
}
