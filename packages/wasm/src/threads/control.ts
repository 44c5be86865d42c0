// What the caller and its workers share beside the WebAssembly memory: one SharedArrayBuffer, of Int32 words in cache
// lines of their own.

/** Int32 words that a word has to itself, so that no two threads write to the same cache lines: 128 bytes. */
const LINE = 32;

/** Counts the jobs: what idle workers watch. */
export const JOBS = 0;
/** How many workers sleep until JOBS changes. */
export const SLEEPING: number = LINE;
/** 1 while there may be chunks to take. */
export const OPEN: number = 2 * LINE;
/** How many workers may be reading the job. */
export const INSIDE: number = 3 * LINE;
/** 1 while the caller sleeps until INSIDE changes. */
export const WAITING: number = 4 * LINE;
/** 1 from the moment on at which a worker failed. */
export const FAILED: number = 5 * LINE;
/** 1 from the moment on at which workers are to end. */
export const STOPPED: number = 6 * LINE;
const QUEUES = 7 * LINE;

/** The word with the next chunk of a thread's own; the one behind it is the end of them. */
export function queueOf(thread: number): number {
  return QUEUES + thread * LINE;
}

/** The word with the address of a thread's scratch memory for the job. */
export function scratchOf(thread: number): number {
  return queueOf(thread) + 2;
}

/** A new control buffer, all zeros. */
export function controlBuffer(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(queueOf(threads) * 4);
}
