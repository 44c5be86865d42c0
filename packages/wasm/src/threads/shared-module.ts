const IMPORTS = 2;
const MEMORY_OF_AT_LEAST = 0;
const SHARED_MEMORY_UP_TO = 3;
/** 65,536 pages, the most that is possible, as LEB128. */
const MOST_PAGES: readonly number[] = [0x80, 0x80, 0x04];

/**
 * Makes rmsnorm.wasm import a shared memory: the limits of its import change, the code does not. Kernels need no atomic
 * instructions, as what one thread writes is read by others only after they have synchronized in JavaScript.
 * @param bytes rmsnorm.wasm
 */
export function withSharedMemory(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  let at = 8;
  while (bytes[at] !== IMPORTS) {
    const { value, next } = leb128(bytes, at + 1);
    at = next + value;
  }
  const { value: length, next: from } = leb128(bytes, at + 1);
  const to = from + length;
  // The section ends with the limits of the memory: a flag, and the least number of pages, below 128.
  if (bytes[to - 2] !== MEMORY_OF_AT_LEAST) throw new Error('rmsnorm.wasm does not import its memory last');
  const section = [...bytes.subarray(from, to - 2), SHARED_MEMORY_UP_TO, bytes[to - 1]!, ...MOST_PAGES];
  return Uint8Array.from([...bytes.subarray(0, at), IMPORTS, section.length, ...section, ...bytes.subarray(to)]);
}

function leb128(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]!;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { value, next: at };
  }
}
