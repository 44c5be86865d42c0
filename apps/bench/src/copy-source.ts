import type { Workload } from './workload.ts';

/** What a copy copies: half of the bytes that the workload moves, x's own again and again. */
export function copySource({ inputs: { x }, bytesMoved }: Workload): Uint8Array {
  const bytes = new Uint8Array(x.buffer, x.byteOffset, x.byteLength);
  const source = new Uint8Array(bytesMoved / 2);
  for (let at = 0; at < source.length; at += bytes.length) source.set(bytes.subarray(0, source.length - at), at);
  return source;
}
