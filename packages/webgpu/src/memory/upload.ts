/** Bytes of the copy through which a larger array goes in parts. */
const COPY_BYTES = 2 ** 22;

/** Writes the first `length` bytes of `data`, a multiple of 4, to `offset`. */
export type WriteBytes = (offset: number, data: Uint8Array, length: number) => void;

/**
 * Writes `bytes` in whole words, the last one filled with zeros, by arrays that every WebGPU takes. Memory that is shared,
 * or can be resized, is copied first: on the former Dawn in Node ends the process, on the latter pages throw a TypeError.
 */
export function writeInWords(bytes: Uint8Array, write: WriteBytes): void {
  const whole = bytes.length - (bytes.length % 4);
  if (isFixed(bytes.buffer)) {
    if (whole > 0) write(0, bytes, whole);
  } else {
    const copy = new Uint8Array(Math.min(whole, COPY_BYTES));
    for (let from = 0; from < whole; from += COPY_BYTES) {
      const part = bytes.subarray(from, Math.min(from + COPY_BYTES, whole));
      copy.set(part);
      write(from, copy, part.length);
    }
  }
  if (whole === bytes.length) return;
  const rest = new Uint8Array(4);
  rest.set(bytes.subarray(whole));
  write(whole, rest, 4);
}

/** Whether this is an ArrayBuffer that keeps its length: by its tag, as it may come from another realm. */
function isFixed(buffer: ArrayBufferLike & { readonly resizable?: boolean }): boolean {
  return buffer[Symbol.toStringTag] === 'ArrayBuffer' && buffer.resizable !== true;
}
