import { bytesPerElement, type HostForwardIO, type Problem, RMSNormError } from '@rmsnorm/core';
import { ALIGNMENT, roundUp } from './allocator.ts';
import type { Heap } from './heap.ts';
import type { KernelCalls } from './kernel-calls.ts';
import { type Extents, extentsOf, mostElements, type Part, partsOf } from './parts.ts';

/**
 * forward from and to arrays outside the WebAssembly memory. Copies a part in, normalizes it in place, and copies it out.
 * A cache holds the part meanwhile, so that main memory is read and written once.
 * @param stageBytes the size of parts; they are smaller if memory is short, and larger if a row is
 * @throws RMSNormError OUT_OF_MEMORY, SHAPE where weights lost their memory, before anything is written to y
 */
export function streamForward(heap: Heap, calls: KernelCalls, p: Problem, io: HostForwardIO, stageBytes: number): void {
  const x = bytesOf(heap, io.x);
  const y = bytesOf(heap, io.y);
  const weightBytes = p.groups * p.size * 4;
  for (const weights of [io.gamma, io.beta]) {
    // The caller may have transferred or resized the memory of an array since it became gamma.
    if (weights && weights.byteLength !== weightBytes) {
      throw new RMSNormError('SHAPE', `gamma or beta has ${weights.byteLength} bytes now, not ${weightBytes}`);
    }
  }
  const gamma = io.gamma && bytesOf(heap, io.gamma);
  const beta = io.beta && bytesOf(heap, io.beta);

  const weightSize = roundUp(weightBytes);
  const { address, bytes, step } = reserve(heap, p, (gamma ? weightSize : 0) + (beta ? weightSize : 0), stageBytes);
  const gammaAt = gamma ? address : 0;
  const betaAt = beta ? address + (gamma ? weightSize : 0) : 0;
  const stage = address + bytes - stageSize(p, step);
  try {
    if (gamma) heap.bytes.set(gamma(), gammaAt);
    if (beta) heap.bytes.set(beta(), betaAt);
    for (const part of partsOf(p, step)) {
      const weightOffset = part.firstGroup * p.size * 4;
      copyPart(p, part, x(), heap.bytes, stage, false);
      calls.forwardPart(p, part, stage, gammaAt && gammaAt + weightOffset, betaAt && betaAt + weightOffset, stage, 0);
      copyPart(p, part, y(), heap.bytes, stage, true);
    }
  } finally {
    heap.free(address, bytes);
  }
}

/** Allocates a block for the weights, followed by a stage for parts, which is smaller if memory is short. */
function reserve(
  heap: Heap,
  p: Problem,
  weightBytes: number,
  stageBytes: number,
): { address: number; bytes: number; step: Extents } {
  const step = extentsOf(p, stageBytes);
  const bytes = weightBytes + stageSize(p, step);
  try {
    return { address: heap.alloc(bytes), bytes, step };
  } catch (error) {
    if (stageBytes <= ALIGNMENT) throw error;
    return reserve(heap, p, weightBytes, stageBytes / 4);
  }
}

function stageSize(p: Problem, step: Extents): number {
  return roundUp(mostElements(p, step) * bytesPerElement(p.dtype));
}

/** The bytes of an array of the caller. It may be a view into the heap, and is found there again after memory grew. */
function bytesOf(heap: Heap, { buffer, byteOffset, byteLength }: Uint8Array | Float32Array): () => Uint8Array {
  const inHeap = heap.holds(buffer);
  return () => new Uint8Array(inHeap ? heap.bytes.buffer : buffer, byteOffset, byteLength);
}

/** Copies a part of an array to the stage, where it lies contiguously, or back. */
function copyPart(p: Problem, part: Part, array: Uint8Array, heap: Uint8Array, stage: number, back: boolean): void {
  const elementBytes = bytesPerElement(p.dtype);
  const pitch = p.inner * elementBytes;
  const whole = part.inner === p.inner;
  const count = whole ? 1 : p.size;
  const length = whole ? part.outer * part.groups * p.size * pitch : part.inner * elementBytes;
  for (let i = 0; i < count; i++) {
    const from = part.offset * elementBytes + i * pitch;
    const to = stage + i * length;
    if (back) array.set(heap.subarray(to, to + length), from);
    else heap.set(array.subarray(from, from + length), to);
  }
}
