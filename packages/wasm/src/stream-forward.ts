import { bytesPerElement, type HostForwardIO, OPERATIONS, type Problem, refuseOverlaps } from '@rmsnorm/core';
import { ALIGNMENT, roundUp } from './allocator.ts';
import type { Block } from './block.ts';
import type { Heap } from './heap.ts';
import type { KernelCalls } from './kernel-calls.ts';
import { type Extents, extentsOf, mostElements, type Part, partsOf } from './parts.ts';

/**
 * forward from and to arrays outside the WebAssembly memory. Copies a part in, normalizes it in place, and copies it out.
 * A cache holds the part meanwhile, so that main memory is read and written once.
 * @param bufferBytes the size of parts; they are smaller if memory is short, and larger if a row is
 * @throws RMSNormError OUT_OF_MEMORY, ALIASING, before anything is written to y
 */
export function streamForward(
  heap: Heap,
  calls: KernelCalls,
  p: Problem,
  io: HostForwardIO,
  bufferBytes: number,
): void {
  // Core compares weights of one buffer. A shared memory that grew has several. Of an x that may overlap core made a copy.
  if (heap.holds(io.y.buffer)) {
    const blocks = [null, io.gamma, io.beta, io.y, null].map((array) => blockIn(heap, array));
    refuseOverlaps(OPERATIONS.forward.operands, blocks);
  }
  const x = bytesOf(heap, io.x);
  const y = bytesOf(heap, io.y);
  const gamma = io.gamma && bytesOf(heap, io.gamma);
  const beta = io.beta && bytesOf(heap, io.beta);

  const weightSize = roundUp(p.groups * p.size * 4);
  const { address, bytes, step } = reserve(heap, p, (gamma ? weightSize : 0) + (beta ? weightSize : 0), bufferBytes);
  const gammaAt = gamma ? address : 0;
  const betaAt = beta ? address + (gamma ? weightSize : 0) : 0;
  const buffer = address + bytes - bufferSize(p, step);
  try {
    if (gamma) heap.bytes.set(gamma(), gammaAt);
    if (beta) heap.bytes.set(beta(), betaAt);
    for (const part of partsOf(p, step)) {
      const weightsAt = part.firstGroup * p.size * 4;
      copyPart(p, part, x(), heap.bytes, buffer, false);
      calls.forwardPart(p, part, buffer, gammaAt && gammaAt + weightsAt, betaAt && betaAt + weightsAt, buffer, 0);
      copyPart(p, part, y(), heap.bytes, buffer, true);
    }
  } finally {
    heap.free(address, bytes);
  }
}

/** Allocates a block for the weights, followed by a buffer for parts, which is smaller if memory is short. */
function reserve(
  heap: Heap,
  p: Problem,
  weightBytes: number,
  bufferBytes: number,
): { address: number; bytes: number; step: Extents } {
  const step = extentsOf(p, bufferBytes);
  const bytes = weightBytes + bufferSize(p, step);
  try {
    return { address: heap.alloc(bytes), bytes, step };
  } catch (error) {
    if (bufferBytes <= ALIGNMENT) throw error;
    return reserve(heap, p, weightBytes, bufferBytes / 4);
  }
}

function bufferSize(p: Problem, step: Extents): number {
  return roundUp(mostElements(p, step) * bytesPerElement(p.dtype));
}

/** Where an array lies in the heap; null where it does not. */
function blockIn(heap: Heap, array: Uint8Array | Float32Array | null): Block | null {
  if (array === null || !heap.holds(array.buffer)) return null;
  return { address: array.byteOffset, bytes: array.byteLength, owned: false };
}

/** The bytes of an array of the caller. It may be a view into the heap, and is found there again after memory grew. */
function bytesOf(heap: Heap, { buffer, byteOffset, byteLength }: Uint8Array | Float32Array): () => Uint8Array {
  const inHeap = heap.holds(buffer);
  return () => new Uint8Array(inHeap ? heap.bytes.buffer : buffer, byteOffset, byteLength);
}

/** Copies a part of an array to the buffer, where it lies contiguously, or back. */
function copyPart(p: Problem, part: Part, array: Uint8Array, heap: Uint8Array, buffer: number, back: boolean): void {
  const elementBytes = bytesPerElement(p.dtype);
  const pitch = p.inner * elementBytes;
  const whole = part.inner === p.inner;
  const count = whole ? 1 : p.size;
  const length = whole ? part.outer * part.groups * p.size * pitch : part.inner * elementBytes;
  for (let i = 0; i < count; i++) {
    const from = part.offset * elementBytes + i * pitch;
    const to = buffer + i * length;
    if (back) array.set(heap.subarray(to, to + length), from);
    else heap.set(array.subarray(from, from + length), to);
  }
}
