import { bytesPerElement, type DType, type Form, keysOf, RMSNormError, readKeys, show } from '@rmsnorm/core';
import type { Block } from './block.ts';
import type { NativeBackend, NativeMemory } from './native.ts';
import type { CudaPointer } from './tensor.ts';

const POINTER: Form = {
  name: "wrap's handle",
  keys: keysOf<CudaPointer>({ pointer: true, bytes: true }),
  hints: { strides: 'a tensor is contiguous', offset: 'add it to the pointer' },
};

/** Numbers hold every address up to this one; a device has none above it. */
const MOST = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * The block at a caller's pointer into device memory. The driver is asked what that is, before a kernel touches it.
 * @param device the number of the backend's GPU
 * @throws RMSNormError FOREIGN_TENSOR where it is no device memory, or another device's; SHAPE where it is too short;
 *   ALIGNMENT; INVALID_OPTION where a handle has other keys, such as strides
 */
export function blockAt(native: NativeBackend, device: number, handle: unknown, bytes: number, dtype: DType): Block {
  const { pointer, bytes: given } = pointerOf(handle);
  if (given !== undefined && given < bytes) {
    throw new RMSNormError('SHAPE', `the tensor needs ${bytes} bytes, the memory to wrap has ${given}`);
  }
  // An empty tensor has no memory that could be looked at, even where an allocation ends, and no kernel looks.
  if ((given ?? bytes) > 0) checkMemory(native.inspect(pointer), pointer, given ?? bytes, device);
  const width = bytesPerElement(dtype);
  if (pointer % BigInt(width) !== 0n) {
    throw new RMSNormError(
      'ALIGNMENT',
      `a ${dtype} tensor must begin at a multiple of ${width} bytes, not at ${hex(pointer)}`,
    );
  }
  return { address: Number(pointer), bytes, owned: false, freed: false };
}

function checkMemory(memory: NativeMemory, pointer: bigint, bytes: number, device: number): void {
  const { kind, base } = memory;
  switch (kind) {
    case 'device':
    case 'managed':
      break;
    case 'host':
      throw foreign(`${hex(pointer)} is memory of the host: copy it to the device with backend.tensor()`);
    case 'unknown':
      throw foreign(`CUDA knows no memory at ${hex(pointer)}: it was freed, or never was the device's`);
    default:
      throw foreign(`${hex(pointer)} is memory of a kind that is not known: ${show(kind satisfies never)}`);
  }
  if (memory.device !== device) {
    throw foreign(
      `${hex(pointer)} lies on device ${memory.device}, this backend works on device ${device}: copy it there, or take cuda({ device: ${memory.device} })`,
    );
  }
  const end = base + BigInt(memory.bytes);
  if (pointer + BigInt(bytes) > end) {
    throw new RMSNormError(
      'SHAPE',
      `${bytes} bytes from ${hex(pointer)} on end beyond the allocation of ${memory.bytes} bytes from ${hex(base)} on, which has ${end - pointer} left there`,
    );
  }
}

function pointerOf(handle: unknown): { readonly pointer: bigint; readonly bytes: number | undefined } {
  if (typeof handle === 'bigint') return { pointer: checkedPointer(handle), bytes: undefined };
  if (typeof handle !== 'object' || handle === null) {
    const hint = typeof handle === 'number' ? `: write BigInt(${handle})` : '';
    throw foreign(
      `wrap() takes a pointer into device memory as a bigint, or { pointer, bytes }, got ${show(handle)}${hint}`,
    );
  }
  const { pointer, bytes } = readKeys<Partial<CudaPointer>>(handle, POINTER);
  if (typeof pointer !== 'bigint') throw foreign(`pointer must be a bigint, got ${show(pointer)}`);
  if (bytes !== undefined && !(Number.isSafeInteger(bytes) && bytes >= 0)) {
    throw new RMSNormError('SHAPE', `bytes must be an integer from 0 on, got ${show(bytes)}`);
  }
  return { pointer: checkedPointer(pointer), bytes };
}

function checkedPointer(pointer: bigint): bigint {
  if (pointer >= 0n && pointer <= MOST) return pointer;
  throw foreign(`${pointer} is no address: they go from 0 to ${hex(MOST)}`);
}

export function hex(pointer: bigint | number): string {
  return `0x${pointer.toString(16)}`;
}

function foreign(message: string): RMSNormError {
  return new RMSNormError('FOREIGN_TENSOR', message);
}
