import { DESCRIPTOR_BYTES } from '../generated/descriptor/index.ts';
import type { Kernels } from '../kernels.ts';
import { queueOf, scratchOf } from './control.ts';

// A job is one call that was cut into chunks of whole rows. Each chunk is a call with a descriptor of its own.

/** A thread, by its number, with its instance of the kernels, and the address of the chunks' descriptors. */
export interface Participant {
  readonly kernels: Kernels;
  readonly thread: number;
  readonly threads: number;
  readonly chunks: number;
}

/**
 * Runs chunks until all are taken: the thread's own first, which its cache may hold, then those of others. Returns
 * whether a worker ran the very first chunk, which means that the caller, whose chunk it is, had not begun.
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
