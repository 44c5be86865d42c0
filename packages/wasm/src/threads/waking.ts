import { now } from './clock.ts';
import { SPIN_MS } from './protocol.ts';

/**
 * Decides when sleeping workers are woken. For a long call they are woken at once. For short calls they are woken after
 * several have followed each other so closely that workers would have stayed awake. So waking, a system call, always
 * costs little beside the work.
 */
export class Waking {
  readonly #long: number;
  readonly #clock: () => number;
  #began = 0;
  #ended = Number.NEGATIVE_INFINITY;
  /** Milliseconds of work done alone in calls that followed each other closely. */
  #recent = 0;

  /** @param long milliseconds of a call that is long */
  constructor(long: number, clock: () => number = now) {
    this.#long = long;
    this.#clock = clock;
  }

  /** Whether to wake workers for a call that begins now, and alone would take `expected` milliseconds. */
  isWorth(expected: number): boolean {
    this.#began = this.#clock();
    if (this.#began - this.#ended >= SPIN_MS) this.#recent = 0;
    if (expected < this.#long && this.#recent + expected < 2 * this.#long) return false;
    this.#recent = 0;
    return true;
  }

  /** That call has ended, without workers: the milliseconds that it took. */
  endsAlone(): number {
    this.#ended = this.#clock();
    const took = this.#ended - this.#began;
    this.#recent += took;
    return took;
  }
}
