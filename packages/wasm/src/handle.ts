import { bytesPerElement, type DType, type Form, keysOf, RMSNormError, readKeys, show } from '@rmsnorm/core';
import type { Block } from './block.ts';
import type { Heap } from './heap.ts';
import type { WasmMemory } from './web-assembly.ts';

/** A place in the WebAssembly memory: what `tensor.buffer` is on this backend, and what `backend.wrap` takes. */
export interface WasmBuffer {
  /** The backend's memory. `memory.buffer` is another ArrayBuffer after each growth; addresses stay. */
  readonly memory: WasmMemory;
  readonly byteOffset: number;
  readonly byteLength: number;
}

type Place = Partial<WasmBuffer>;

const PLACE: Form = {
  name: "wrap's handle",
  keys: keysOf<WasmBuffer>({ memory: true, byteOffset: true, byteLength: true }),
  hints: { strides: 'a tensor is contiguous' },
};

/** The handle of a block. */
export function handleOf({ memory }: Heap, { address, bytes }: Block): WasmBuffer {
  return { memory, byteOffset: address, byteLength: bytes };
}

/**
 * The block at a caller's handle: a typed array over this backend's memory, or { byteOffset, byteLength } in it.
 * @throws RMSNormError FOREIGN_TENSOR if the handle is of another memory, SHAPE if it is too short or exceeds the memory,
 *   ALIGNMENT; INVALID_OPTION where it has other keys, such as strides
 */
export function blockAt(heap: Heap, handle: unknown, bytes: number, dtype: DType): Block {
  const { byteOffset, byteLength } = placeIn(heap, handle);
  if (!isCount(byteOffset) || !isCount(byteLength)) {
    throw new RMSNormError(
      'SHAPE',
      `byteOffset and byteLength are integers from 0 on, got ${show(byteOffset)} and ${show(byteLength)}`,
    );
  }
  if (byteLength < bytes) {
    throw new RMSNormError('SHAPE', `the tensor needs ${bytes} bytes, the memory to wrap has ${byteLength}`);
  }
  const end = heap.bytes.length;
  if (byteOffset + byteLength > end) {
    throw new RMSNormError(
      'SHAPE',
      `${byteLength} bytes from ${byteOffset} on end beyond the WebAssembly memory, which has ${end}`,
    );
  }
  if (byteOffset % bytesPerElement(dtype) !== 0) {
    throw new RMSNormError(
      'ALIGNMENT',
      `a ${dtype} tensor must begin at a multiple of ${bytesPerElement(dtype)} bytes, not at ${byteOffset}`,
    );
  }
  return { address: byteOffset, bytes, owned: false };
}

function placeIn(heap: Heap, handle: unknown): { byteOffset: unknown; byteLength: unknown } {
  if (typeof handle !== 'object' || handle === null) {
    throw foreign(
      `wrap() takes a typed array over this backend's memory, or { byteOffset, byteLength } in it, got ${show(handle)}`,
    );
  }
  const place = handle as Place;
  if (ArrayBuffer.isView(handle)) {
    if (heap.holds(handle.buffer)) return place as WasmBuffer;
    throw foreign(
      handle.buffer.byteLength === 0
        ? 'the array to wrap is detached: memory grew after its view() was taken; take a new one'
        : "the array to wrap does not lie in this backend's memory: copy it there with backend.tensor()",
    );
  }
  const { memory, byteOffset, byteLength } = readKeys<Partial<WasmBuffer>>(handle, PLACE);
  if (memory !== undefined && memory !== heap.memory) {
    throw foreign("the buffer to wrap lies in another backend's memory: copy it there with backend.tensor()");
  }
  return { byteOffset, byteLength };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function foreign(message: string): RMSNormError {
  return new RMSNormError('FOREIGN_TENSOR', message);
}
