import { read, readSync, write, writeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Where bytes are in a file: `count` pieces of `bytes`, the first at `position`, each `stride` bytes after the one before.
 */
export interface Extent {
  readonly position: number;
  readonly bytes: number;
  readonly stride: number;
  readonly count: number;
}

/** `bytes` bytes in one piece. */
export function pieceAt(position: number, bytes: number): Extent {
  return { position, bytes, stride: bytes, count: 1 };
}

/** The system moves at most 2^31 - 4096 bytes in one call, and Node refuses to ask for 2^31. */
export const MOST_BYTES_AT_ONCE: number = 2 ** 30;

/**
 * Smaller pieces are moved by synchronous calls: 3 us each where the file is cached. The thread pool takes 20 to 40 us; it
 * hides the latency of a disk, but not its own.
 */
const POOL_BYTES = 256 << 10;

/** How many pieces of a strip the thread pool moves at once. */
const LANES = 64;

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

/** Of the module's namespace, so that a test may stand in for the system. */
const READ: Calls = { waiting: (...args) => readSync(...args), pooled: (...args) => read(...args) };
const WRITE: Calls = { waiting: (...args) => writeSync(...args), pooled: (...args) => write(...args) };

/**
 * Fills `into` from a file, piece by piece.
 * @param ended is called where the file ends before, with the byte where it does
 */
export function readExtent(
  fd: number,
  extent: Extent,
  into: Uint8Array,
  ended: (position: number) => Error,
): Promise<void> {
  return eachPiece(extent, READ, fd, into, (position, done) => {
    if (done < extent.bytes) throw ended(position + done);
  });
}

/** Writes all of `from` to a file, piece by piece. */
export function writeExtent(fd: number, extent: Extent, from: Uint8Array): Promise<void> {
  return eachPiece(extent, WRITE, fd, from, (position, done) => {
    if (done < extent.bytes) throw new Error(`the system wrote ${done} of ${extent.bytes} bytes at byte ${position}`);
  });
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
    const moved = call(fd, buffer, offset + done, Math.min(bytes - done, MOST_BYTES_AT_ONCE), position + done);
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
    const step = (): void => {
      const length = Math.min(bytes - done, MOST_BYTES_AT_ONCE);
      call(fd, buffer, offset + done, length, position + done, (error, moved) => {
        if (error) return reject(error);
        done += moved;
        if (moved === 0 || done === bytes) return resolve(done);
        step();
      });
    };
    step();
  });
}
