import { type AbortSignalLike, RMSNormError } from '@rmsnorm/core';
import type { ByteSource } from '../files/byte-source.ts';
import type { ByteTarget } from '../files/byte-target.ts';
import type { Extent } from '../files/extent.ts';
import { showBytes } from '../terminal/quantities.ts';

/** One step of a stream: bytes that are read, transformed or not, and written. */
export interface Step {
  readonly from: Extent;
  /** As many bytes as `from`, unless they are transformed. */
  readonly to: Extent;
  /** Fills `y` from `x`; null where the bytes are copied as they are. */
  readonly transform: ((x: Uint8Array, y: Uint8Array) => Promise<void>) | null;
}

export interface Ends {
  readonly source: Pick<ByteSource, 'read'>;
  readonly target: ByteTarget;
}

export interface PipelineOptions {
  /** The most bytes of a step. */
  readonly bufferBytes: number;
  readonly signal?: AbortSignalLike | undefined;
  /** After each step, with the bytes that it read. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/**
 * Runs steps in order with four buffers: while one is transformed, the one after it is read and the one before it is
 * written. No read or write is under way any more when it returns or throws.
 * @throws RMSNormError INVALID_FILE where the source ends early; errors of the file system; `signal.reason`
 */
export async function runPipeline(steps: Iterable<Step>, ends: Ends, options: PipelineOptions): Promise<void> {
  const { bufferBytes, signal, onProgress } = options;
  const x: [Uint8Array, Uint8Array] = [buffer(bufferBytes), buffer(bufferBytes)];
  const y: [Uint8Array, Uint8Array] = [buffer(bufferBytes), buffer(bufferBytes)];
  const iterator = steps[Symbol.iterator]();
  let reading = Promise.resolve();
  let writing = Promise.resolve();
  try {
    let next = iterator.next();
    if (!next.done) reading = ends.source.read(next.value.from, x[0]);
    for (let slot: 0 | 1 = 0; !next.done; slot = slot === 0 ? 1 : 0) {
      await reading;
      if (signal?.aborted) throw signal.reason;
      const step = next.value;
      const bytes = bytesOf(step.from);
      const written = bytesOf(step.to);
      next = iterator.next();
      // The other x is free: the transform before this one is done. So is this y: the write before the last one is done.
      if (!next.done) reading = ends.source.read(next.value.from, x[slot === 0 ? 1 : 0]);
      // A failure shows at the next await. Until then it must not count as unhandled.
      reading.catch(() => {});
      if (step.transform) await step.transform(x[slot].subarray(0, bytes), y[slot].subarray(0, written));
      else [x[slot], y[slot]] = [y[slot], x[slot]];
      await writing;
      writing = ends.target.write(step.to, y[slot]);
      writing.catch(() => {});
      onProgress?.(bytes);
    }
    await writing;
  } finally {
    await Promise.allSettled([reading, writing]);
  }
}

function buffer(bytes: number): Uint8Array {
  try {
    return new Uint8Array(bytes);
  } catch (cause) {
    const message = `the system has no memory for four buffers of ${showBytes(bytes)}: give less as --memory`;
    throw new RMSNormError('OUT_OF_MEMORY', message, { cause });
  }
}

function bytesOf({ bytes, count }: Extent): number {
  return bytes * count;
}
