import type { RMSNormError } from '@rmsnorm/core';
import type { GPUBufferLike } from '../device/gpu.ts';

/** A GPUBuffer, ours or the caller's, and what is known of it. */
export interface Memory {
  readonly buffer: GPUBufferLike;
  /** Never given twice: caches go by it and need not be told when a buffer is gone. */
  readonly id: number;
  /** The batch that last used it: what is not submitted yet must be, before the queue writes or destroys it. */
  batch: number;
  /** In an encoder of the caller's, who submits it at a time of their own: never destroyed, but left to be collected. */
  lent: boolean;
  /** Why the device could not make it. */
  fault: RMSNormError | null;
  /** Offsets whose contents come from work that the device refused. */
  taints: Map<number, RMSNormError> | null;
}

/** The driver's handle of a tensor's memory. */
export interface Block {
  readonly memory: Memory;
  readonly offset: number;
  /** A multiple of 4. */
  readonly bytes: number;
  /** Names memory and offset: two blocks of one place bind the same. */
  readonly place: number;
  /** Made here, and destroyed here. */
  readonly owned: boolean;
  /** The batch, or recording, in which it was allocated. */
  readonly born: number;
}

let ids = 0;

/** Of a buffer, or of a place in one. */
export function nextId(): number {
  ids += 1;
  return ids;
}

export function memoryOf(buffer: GPUBufferLike): Memory {
  return { buffer, id: nextId(), batch: -1, lent: false, fault: null, taints: null };
}

/** All of a buffer of ours. */
export function wholeOf(memory: Memory, bytes: number, born: number): Block {
  return { memory, offset: 0, bytes, place: memory.id, owned: true, born };
}

/** Whether two blocks share bytes. */
export function overlap(a: Block, b: Block): boolean {
  return a.memory === b.memory && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

export function taintOf({ memory, offset }: Block): RMSNormError | null {
  return memory.fault ?? memory.taints?.get(offset) ?? null;
}

/** Marks the contents as spoiled by `taint`, or as good again. */
export function setTaint({ memory, offset }: Block, taint: RMSNormError | null): void {
  if (taint === null) memory.taints?.delete(offset);
  else {
    memory.taints ??= new Map();
    memory.taints.set(offset, taint);
  }
}

export function roundUp(bytes: number, multiple: number): number {
  return Math.ceil(bytes / multiple) * multiple;
}
