import { now, SPIN_MS } from './protocol.ts';

/**
 * When sleeping workers are to be woken: for a large call at once, for smaller ones once several have followed each other
 * so closely that workers would have stayed awake, and have been done alone meanwhile. So the cost of waking, a system call,
 * is always small beside the work that was there.
 */
export class Waking {
  readonly #elements: number;
  readonly #clock: () => number;
  #ended = Number.NEGATIVE_INFINITY;
  #recent = 0;

  /** @param elements of a call that is large */
  constructor(elements: number, clock: () => number = now) {
    this.#elements = elements;
    this.#clock = clock;
  }

  /** Whether to wake workers for a call of so many elements, which begins now. */
  isWorth(elements: number): boolean {
    const follows = this.#clock() - this.#ended < SPIN_MS;
    this.#recent = elements + (follows ? this.#recent : 0);
    if (elements < this.#elements && this.#recent < 2 * this.#elements) return false;
    this.#recent = 0;
    return true;
  }

  /** That call has ended, without workers. */
  endsAlone(): void {
    this.#ended = this.#clock();
  }
}
