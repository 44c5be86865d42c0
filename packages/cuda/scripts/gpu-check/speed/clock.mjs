// Work on a stream, and how long it takes there.

import { native } from '../built.mjs';

/** A measurement lasts at least so long; events are exact to half a microsecond. */
const LEAST_MS = 1.5;
/** Faster than any device, so that a graph made by it is long enough. */
const BYTES_PER_MS = 8e9;

/** How often a pass over all sets is repeated within a graph. */
export function passesOf({ read, written }, sets, isEmulated) {
  if (isEmulated) return 1;
  const passMs = (sets * (read + written)) / BYTES_PER_MS;
  return Math.max(1, Math.ceil(LEAST_MS / passMs));
}

export class Clock {
  #marks;

  /** @param device its number, and which emulated one it is, or null */
  constructor(stream, { device, emulated }) {
    // It copies nothing, and so needs little memory to copy through.
    this.#marks = native.open({ device, emulated, stream, stagingBytes: 64 * 1024 });
  }

  /**
   * Milliseconds of `work` on the stream. It runs once before, so that the stream is busy while the events and the work
   * between them are enqueued: the host does not count.
   */
  time(work) {
    work();
    const from = this.#marks.mark();
    work();
    return this.#marks.elapsed(from, this.#marks.mark());
  }
}
