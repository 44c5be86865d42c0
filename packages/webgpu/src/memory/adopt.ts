import { type Form, keysOf, RMSNormError, reading, readKeys, show, tagOf } from '@rmsnorm/core';
import { BUFFER_USAGE } from '../device/gpu.ts';
import type { GPUBufferLike, GPUBufferPart } from '../gpu-types.ts';
import { type Block, roundUp } from './block.ts';
import type { Buffers } from './buffers.ts';

const PART: Form = {
  name: "wrap's handle",
  keys: keysOf<GPUBufferPart>({ buffer: true, offset: true, size: true }),
  hints: { strides: 'a tensor is contiguous' },
};

/**
 * The block of a caller's GPUBuffer, or of a part of it. WebGPU tells only when it is first used that it belongs to another
 * device.
 * @throws RMSNormError FOREIGN_TENSOR where it is no GPUBuffer or not for storage, SHAPE where it is too short, ALIGNMENT;
 *   INVALID_OPTION where a part has other keys, such as strides
 */
export function blockAt(buffers: Buffers, handle: unknown, bytes: number, alignment: number): Block {
  const { buffer, offset = 0, size } = partOf(handle);
  const { usage, size: whole } = reading('the GPUBuffer', 'FOREIGN_TENSOR', () => sizeOf(buffer));
  if ((usage & BUFFER_USAGE.STORAGE) === 0) {
    throw new RMSNormError(
      'FOREIGN_TENSOR',
      `the GPUBuffer to wrap was made without GPUBufferUsage.STORAGE (its usage is ${show(usage)}): kernels cannot use it`,
    );
  }
  checkCount('offset', offset);
  const length = size ?? whole - offset;
  checkCount('size', length);
  if (offset + length > whole) {
    throw new RMSNormError('SHAPE', `${length} bytes from ${offset} on end beyond the GPUBuffer, which has ${whole}`);
  }
  // Storage is bound in whole words.
  const needed = Math.max(4, roundUp(bytes, 4));
  if (length < needed) {
    throw new RMSNormError('SHAPE', `the tensor needs ${needed} bytes, the memory to wrap has ${length}`);
  }
  if (offset % alignment !== 0) {
    throw new RMSNormError(
      'ALIGNMENT',
      `a tensor must begin at a multiple of ${alignment} bytes on this device (minStorageBufferOffsetAlignment), not at ${offset}`,
    );
  }
  return buffers.adopt(buffer as GPUBuffer, offset, needed);
}

function sizeOf({ usage, size }: GPUBufferLike): Pick<GPUBufferLike, 'usage' | 'size'> {
  return { usage, size };
}

/** @throws RMSNormError SHAPE */
function checkCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw new RMSNormError(
    'SHAPE',
    `offset and size are integers from 0 on, within the buffer: ${name} is ${show(value)}`,
  );
}

function partOf(handle: unknown): GPUBufferPart {
  if (tagOf(handle) === 'GPUBuffer') return { buffer: handle as GPUBufferLike };
  const part = handle as Partial<GPUBufferPart> | null | undefined;
  const isPart = reading('the handle', 'FOREIGN_TENSOR', () => tagOf(part?.buffer) === 'GPUBuffer');
  if (typeof handle === 'object' && isPart) return readKeys(part as GPUBufferPart, PART);
  throw new RMSNormError(
    'FOREIGN_TENSOR',
    `wrap() takes a GPUBuffer, or { buffer: GPUBuffer, offset, size }, of this backend's device; got ${show(handle)}`,
  );
}
