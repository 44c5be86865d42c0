import { read, readSync, write, writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type AbortSignalLike, RMSNormError } from '@rmsnorm/core';
import type { Extent } from './chunks.ts';

/** One step of a stream: bytes that are read, transformed or not, and written. */
export interface Step {
  readonly from: Extent;
  readonly to: Extent;
  /** Fills `y` from `x`; null where the bytes are copied as they are. */
  readonly transform: ((x: Uint8Array, y: Uint8Array) => Promise<void>) | null;
}

export interface Ends {
  readonly source: FileHandle;
  readonly sourceName: string;
  readonly target: FileHandle;
}

export interface PipelineOptions {
  /** The most bytes of a step. */
  readonly bufferBytes: number;
  readonly signal?: AbortSignalLike | undefined;
  /** After each step, with its bytes. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/**
 * Runs steps in order with four buffers: while one is transformed, the one after it is read and the one before it is
 * written. No read or write is under way any more when it returns or throws.
 * @throws RMSNormError INVALID_FILE where the source ends early; errors of the file system; `signal.reason`
 */
export async function runPipeline(steps: Iterable<Step>, ends: Ends, options: PipelineOptions): Promise<void> {
  const { bufferBytes, signal, onProgress } = options;
  const x = [new Uint8Array(bufferBytes), new Uint8Array(bufferBytes)] as [Uint8Array, Uint8Array];
  const y = [new Uint8Array(bufferBytes), new Uint8Array(bufferBytes)] as [Uint8Array, Uint8Array];
  const iterator = steps[Symbol.iterator]();
  let reading = Promise.resolve();
  let writing = Promise.resolve();
  try {
    let next = iterator.next();
    if (!next.done) reading = readExtent(ends, next.value.from, x[0]);
    for (let slot: 0 | 1 = 0; !next.done; slot = slot === 0 ? 1 : 0) {
      await reading;
      if (signal?.aborted) throw signal.reason;
      const step = next.value;
      const bytes = step.from.bytes * step.from.count;
      next = iterator.next();
      // The other x is free: the transform before this one is done. So is this y: the write before the last one is done.
      if (!next.done) reading = readExtent(ends, next.value.from, x[slot === 0 ? 1 : 0]);
      // A failure shows at the next await. Until then it must not count as unhandled.
      reading.catch(() => {});
      if (step.transform) await step.transform(x[slot].subarray(0, bytes), y[slot].subarray(0, bytes));
      else [x[slot], y[slot]] = [y[slot], x[slot]];
      await writing;
      writing = writeExtent(ends, step.to, y[slot]);
      writing.catch(() => {});
      onProgress?.(bytes);
    }
    await writing;
  } finally {
    await Promise.allSettled([reading, writing]);
  }
}

/**
 * Smaller pieces are moved by synchronous calls: 3 us each where the file is cached. The thread pool takes 20 to 40 us; it
 * hides the latency of a disk, but not its own.
 */
const POOL_BYTES = 256 << 10;

/** How many pieces of a strip the thread pool moves at once. */
const LANES = 64;

async function readExtent({ source, sourceName }: Ends, extent: Extent, into: Uint8Array): Promise<void> {
  await eachPiece(extent, { waiting: readSync, pooled: read }, source.fd, into, (position, done) => {
    if (done === extent.bytes) return;
    throw new RMSNormError(
      'INVALID_FILE',
      `${sourceName} ended at byte ${position + done}: it became shorter while it was read`,
    );
  });
}

async function writeExtent({ target }: Ends, extent: Extent, from: Uint8Array): Promise<void> {
  await eachPiece(extent, { waiting: writeSync, pooled: write }, target.fd, from, () => {});
}

interface Calls {
  readonly waiting: (fd: number, buffer: Uint8Array, offset: number, length: number, position: number) => number;
  readonly pooled: (
    fd: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytes: number) => void,
  ) => void;
}

async function eachPiece(
  extent: Extent,
  calls: Calls,
  fd: number,
  buffer: Uint8Array,
  check: (position: number, done: number) => void,
): Promise<void> {
  const { position, bytes, stride, count } = extent;
  if (count > 1 && bytes < POOL_BYTES) {
    // Lets signals and the progress bar have their turn.
    await nextTurn();
    for (let i = 0; i < count; i++) {
      check(position + i * stride, moveWaiting(calls.waiting, fd, buffer, i * bytes, bytes, position + i * stride));
    }
    return;
  }
  let next = 0;
  let failed = false;
  const lane = async (): Promise<void> => {
    while (next < count && !failed) {
      const i = next++;
      check(position + i * stride, await movePooled(calls.pooled, fd, buffer, i * bytes, bytes, position + i * stride));
    }
  };
  const lanes = Array.from({ length: Math.min(LANES, count) }, () =>
    lane().catch((error: unknown) => {
      failed = true;
      throw error;
    }),
  );
  const failure = (await Promise.allSettled(lanes)).find((outcome) => outcome.status === 'rejected');
  if (failure) throw failure.reason;
}

/** Moves all of `bytes`, however few the system takes at once. Fewer only where a file ends. */
function moveWaiting(
  call: Calls['waiting'],
  fd: number,
  buffer: Uint8Array,
  offset: number,
  bytes: number,
  position: number,
): number {
  let done = 0;
  while (done < bytes) {
    const moved = call(fd, buffer, offset + done, bytes - done, position + done);
    if (moved === 0) break;
    done += moved;
  }
  return done;
}

/** The same as {@link moveWaiting}, through the thread pool. */
function movePooled(
  call: Calls['pooled'],
  fd: number,
  buffer: Uint8Array,
  offset: number,
  bytes: number,
  position: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let done = 0;
    const step = (): void =>
      call(fd, buffer, offset + done, bytes - done, position + done, (error, moved) => {
        if (error) return reject(error);
        done += moved;
        if (moved === 0 || done === bytes) return resolve(done);
        step();
      });
    step();
  });
}
