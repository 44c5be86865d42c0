import { bytesPerElement, type HostForwardIO, type Problem } from '@rmsnorm/core';
import { ALIGNMENT, roundUp } from './allocator.ts';
import type { Heap } from './heap.ts';
import { HostArray } from './host-array.ts';
import type { KernelCalls } from './kernel-calls.ts';
import { type Extents, extentsOf, mostElements, type Part, partsOf } from './parts.ts';

/**
 * A forward from and to arrays outside the WebAssembly memory: copies a part in, normalizes it in place, copies it
 * out. Parts are small enough to stay in a core's cache meanwhile, so that main memory sees one read and one write.
 * @param stageBytes how large a part should be; smaller where memory is short, larger where a single row is
 * @throws RMSNormError OUT_OF_MEMORY, before anything is written to y
 */
export function streamForward(heap: Heap, calls: KernelCalls, p: Problem, io: HostForwardIO, stageBytes: number): void {
  const x = new HostArray(heap, io.x);
  const y = new HostArray(heap, io.y);
  const gamma = io.gamma && new HostArray(heap, io.gamma);
  const beta = io.beta && new HostArray(heap, io.beta);

  const weightSize = roundUp(p.groups * p.size * 4);
  const { address, bytes, step } = reserve(heap, p, (gamma ? weightSize : 0) + (beta ? weightSize : 0), stageBytes);
  const gammaAt = gamma ? address : 0;
  const betaAt = beta ? address + (gamma ? weightSize : 0) : 0;
  const stage = address + bytes - stageSize(p, step);
  try {
    if (gamma) heap.bytes.set(gamma.bytes, gammaAt);
    if (beta) heap.bytes.set(beta.bytes, betaAt);
    for (const part of partsOf(p, step)) {
      const weightOffset = part.firstGroup * p.size * 4;
      copyIn(p, part, x.bytes, heap.bytes, stage);
      calls.forwardPart(p, part, stage, gammaAt && gammaAt + weightOffset, betaAt && betaAt + weightOffset, stage, 0);
      copyOut(p, part, y.bytes, heap.bytes, stage);
    }
  } finally {
    heap.free(address, bytes);
  }
}

/** A block for the weights and, behind them, a stage: as large as it should be, or as there is memory for. */
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

/** Copies a part of an outside array to the stage, where its rows lie contiguously. */
function copyIn(p: Problem, part: Part, outside: Uint8Array, heap: Uint8Array, stage: number): void {
  const { count, length, from, pitch } = runsOf(p, part);
  for (let i = 0; i < count; i++) {
    const at = from + i * pitch;
    heap.set(outside.subarray(at, at + length), stage + i * length);
  }
}

/** The way back. */
function copyOut(p: Problem, part: Part, outside: Uint8Array, heap: Uint8Array, stage: number): void {
  const { count, length, from, pitch } = runsOf(p, part);
  for (let i = 0; i < count; i++) {
    const at = stage + i * length;
    outside.set(heap.subarray(at, at + length), from + i * pitch);
  }
}

/** Where a part lies in its problem: `count` runs of `length` bytes, `pitch` bytes apart. */
function runsOf(p: Problem, part: Part): { count: number; length: number; from: number; pitch: number } {
  const bytes = bytesPerElement(p.dtype);
  const from = part.offset * bytes;
  const pitch = p.inner * bytes;
  if (part.inner < p.inner) return { count: p.size, length: part.inner * bytes, from, pitch };
  return { count: 1, length: part.outer * part.groups * p.size * pitch, from, pitch };
}
