import { DESCRIPTOR_BYTES } from '../generated/descriptor/index.ts';
import type { Kernels } from '../kernels.ts';
import { queueOf, scratchOf } from './control.ts';

// A job is one call, cut into chunks of whole rows, each of which is a call by itself and has a descriptor of its own.

/** A thread that takes part: its instance of the kernels, its number of how many, and where the descriptors of chunks are. */
export interface Participant {
  readonly kernels: Kernels;
  readonly thread: number;
  readonly threads: number;
  readonly chunks: number;
}

/**
 * Does chunks until all are taken: a thread's own first, which its core's cache may hold, then the others'. Says whether a
 * worker took the one with which the caller, thread 0, begins, before the caller did.
 */
export function takeChunks(control: Int32Array, { kernels, thread, threads, chunks }: Participant): boolean {
  let first = false;
  for (let i = 0; i < threads; i++) {
    const owner = (thread + i) % threads;
    const queue = queueOf(owner);
    for (;;) {
      const chunk = Atomics.add(control, queue, 1);
      if (chunk >= control[queue + 1]!) break;
      first ||= owner === 0 && thread !== 0 && chunk === 0;
      kernels.run(chunks + chunk * DESCRIPTOR_BYTES, control[scratchOf(thread)]!);
    }
  }
  return first;
}
