import { read, write } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { type AbortSignalLike, RMSNormError } from '@rmsnorm/core';
import type { Extent } from './chunks.ts';

/** One step of a stream: bytes that are read, changed or not, and written. */
export interface Job {
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
  /** The most bytes a job has. */
  readonly bufferBytes: number;
  readonly signal?: AbortSignalLike | undefined;
  /** After each job, with its bytes. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/**
 * Runs jobs in order with four buffers: while one is transformed, the one after it is read and the one before it is
 * written. No read or write is under way any more when it returns or throws.
 * @throws RMSNormError INVALID_FILE where the source ends early; errors of the file system; `signal.reason`
 */
export async function runPipeline(jobs: Iterable<Job>, ends: Ends, options: PipelineOptions): Promise<void> {
  const { bufferBytes, signal, onProgress } = options;
  const x = [new Uint8Array(bufferBytes), new Uint8Array(bufferBytes)] as [Uint8Array, Uint8Array];
  const y = [new Uint8Array(bufferBytes), new Uint8Array(bufferBytes)] as [Uint8Array, Uint8Array];
  const iterator = jobs[Symbol.iterator]();
  let reading = Promise.resolve();
  let writing = Promise.resolve();
  try {
    let step = iterator.next();
    if (!step.done) reading = readExtent(ends, step.value.from, x[0]);
    for (let slot: 0 | 1 = 0; !step.done; slot = slot === 0 ? 1 : 0) {
      await reading;
      if (signal?.aborted) throw signal.reason;
      const job = step.value;
      const bytes = job.from.bytes * job.from.count;
      step = iterator.next();
      // The transform before this one is done with the other x, and the write before the last one with this y.
      if (!step.done) reading = readExtent(ends, step.value.from, x[slot === 0 ? 1 : 0]);
      // Its failure is seen at the next await; until then it must not count as unhandled.
      reading.catch(() => {});
      if (job.transform) await job.transform(x[slot].subarray(0, bytes), y[slot].subarray(0, bytes));
      else [x[slot], y[slot]] = [y[slot], x[slot]];
      await writing;
      writing = writeExtent(ends, job.to, y[slot]);
      writing.catch(() => {});
      onProgress?.(bytes);
    }
    await writing;
  } finally {
    await Promise.allSettled([reading, writing]);
  }
}

/** Pieces of a strip that are under way at once: enough that the disk has work while JavaScript is in a kernel. */
const LANES = 256;

async function readExtent({ source, sourceName }: Ends, extent: Extent, into: Uint8Array): Promise<void> {
  await eachPiece(extent, async (position, offset) => {
    const done = await transfer(read, source.fd, into, offset, extent.bytes, position);
    if (done === extent.bytes) return;
    throw new RMSNormError(
      'INVALID_FILE',
      `${sourceName} ended at byte ${position + done}: it became shorter while it was read`,
    );
  });
}

async function writeExtent({ target }: Ends, extent: Extent, from: Uint8Array): Promise<void> {
  await eachPiece(extent, async (position, offset) => {
    await transfer(write, target.fd, from, offset, extent.bytes, position);
  });
}

async function eachPiece(extent: Extent, piece: (position: number, offset: number) => Promise<void>): Promise<void> {
  const { position, bytes, stride, count } = extent;
  let next = 0;
  let failed = false;
  const lane = async (): Promise<void> => {
    while (next < count && !failed) {
      const index = next++;
      await piece(position + index * stride, index * bytes);
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

type Transfer = (
  fd: number,
  buffer: Uint8Array,
  offset: number,
  length: number,
  position: number,
  callback: (error: Error | null, bytes: number) => void,
) => void;

/** All of `bytes`, however few the system takes at once; less only where a file ends. */
function transfer(
  call: Transfer,
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
