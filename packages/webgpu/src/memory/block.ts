import type { RMSNormError } from '@rmsnorm/core';

// A *fault* is the error of what the device could not make, a buffer or a pipeline. A *taint* is the error of work that it
// refused, kept at the contents that this spoiled.

/** A GPUBuffer, ours or the caller's, and what is known of it. */
export interface Memory {
  readonly buffer: GPUBuffer;
  /** Never given twice: caches go by it and need not be told when a buffer is gone. */
  readonly id: number;
  /** The batch that last used it: what is not submitted yet must be, before the queue writes to it or destroys it. */
  batch: number;
  /** Whether an encoder of the caller's uses it. The caller submits that at any time, so that we never destroy it. */
  inCallersEncoder: boolean;
  fault: RMSNormError | null;
  /** By the offsets of the spoiled contents. */
  taints: Map<number, RMSNormError> | null;
}

/** A range of a GPUBuffer, the memory of a tensor: the driver's handle. */
export interface Block {
  readonly memory: Memory;
  readonly offset: number;
  /** A multiple of 4. */
  readonly bytes: number;
  /** Names memory and offset: bind groups of blocks with the same id are the same. */
  readonly bindingId: number;
  /** Whether we made it, and destroy it. */
  readonly owned: boolean;
  /** The batch, or recording, in which it was allocated. */
  readonly allocatedIn: number;
}

let ids = 0;

/** Of a buffer, or of an offset in one. */
export function nextId(): number {
  ids += 1;
  return ids;
}

export function memoryOf(buffer: GPUBuffer): Memory {
  return { buffer, id: nextId(), batch: -1, inCallersEncoder: false, fault: null, taints: null };
}

/** All of a buffer of ours. */
export function wholeOf(memory: Memory, bytes: number, allocatedIn: number): Block {
  return { memory, offset: 0, bytes, bindingId: memory.id, owned: true, allocatedIn };
}

/** Whether two blocks share bytes. */
export function overlap(a: Block, b: Block): boolean {
  return a.memory === b.memory && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

export function taintOf({ memory, offset }: Block): RMSNormError | null {
  return memory.fault ?? memory.taints?.get(offset) ?? null;
}

/** Marks the contents as spoiled by the failure `taint`, or as good again. */
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
