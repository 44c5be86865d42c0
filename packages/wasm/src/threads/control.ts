// The words with which the caller and its workers coordinate: Int32 words of a SharedArrayBuffer, each in a cache line of
// its own. The caller is thread 0, workers are threads 1 and up. The protocol is in protocol.ts.

/** Words from one to the next: 128 bytes, so that two threads do not write to the same cache lines. */
const LINE = 32;

/** The number of jobs so far. Idle workers watch it. */
export const JOBS = 0;
/** How many workers sleep until JOBS changes. */
export const SLEEPING: number = LINE;
/** 1 while there may be chunks to take. */
export const OPEN: number = 2 * LINE;
/** How many workers may be working on the job. */
export const INSIDE: number = 3 * LINE;
/** 1 while the caller sleeps until INSIDE changes. */
export const WAITING: number = 4 * LINE;
/** 1 once a worker has failed. */
export const FAILED: number = 5 * LINE;
/** 1 once workers are to end. */
export const STOPPED: number = 6 * LINE;
const QUEUES = 7 * LINE;

/** The word with the next of a thread's own chunks. The word after it has the end of these. */
export function queueOf(thread: number): number {
  return QUEUES + thread * LINE;
}

/** The word with the address of a thread's scratch memory for the job. */
export function scratchOf(thread: number): number {
  return queueOf(thread) + 2;
}

/** A new buffer for these words, all 0. */
export function controlBuffer(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(queueOf(threads) * 4);
}
