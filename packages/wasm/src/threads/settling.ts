// A scheduler may wake a worker on its caller's own processor, whom it then keeps from running (Linux in virtual machines does,
// as an idle virtual processor looks taken). Only where both want to run for a while, a few ticks, it moves one of them to
// an idle processor, and there the worker wakes from then on. So the worker stays awake for that long, not too often, as
// there may be but one processor; otherwise it gives the processor back at once.

import { now } from './clock.ts';

const SETTLE_MS = 10;
const LEAST_PAUSE_MS = 100;
const MOST_PAUSE_MS = 1600;
/** After so many jobs without a crowd settling has helped. */
const MANY = 1000;

/** How long to stay awake after a job: as usual, or not at all, or a time until which at least. */
export const AS_USUAL = 0;
export const NOT_AT_ALL: number = -1;

/** How long a worker stays awake, by whether it seems to share its caller's processor. */
export class Settling {
  readonly #clock: () => number;
  #until = 0;
  #next = 0;
  #pause = LEAST_PAUSE_MS;
  #fine = 0;

  constructor(clock: () => number = now) {
    this.#clock = clock;
  }

  /** A job is done. `crowded`: the worker did what the caller begins with, which opened the job before. */
  after(crowded: boolean): number {
    if (!crowded) {
      if (++this.#fine === MANY) this.#pause = LEAST_PAUSE_MS;
      return this.#until;
    }
    this.#fine = 0;
    const time = this.#clock();
    if (time >= this.#next) {
      this.#until = time + SETTLE_MS;
      this.#next = time + this.#pause;
      this.#pause = Math.min(2 * this.#pause, MOST_PAUSE_MS);
    }
    return time < this.#until ? this.#until : NOT_AT_ALL;
  }
}
