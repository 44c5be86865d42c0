import { now } from './clock.ts';
import { SPIN_MS } from './protocol.ts';

/**
 * When sleeping workers are to be woken: for a long call at once, for shorter ones once several have followed each other so
 * closely that workers would have stayed awake, and have been done alone meanwhile. So the cost of waking, a system call, is
 * always small beside the work that was there.
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
