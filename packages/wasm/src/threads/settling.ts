// A scheduler may wake a worker on the processor of its caller, which then cannot run. Linux in virtual machines does so,
// as an idle virtual processor looks busy. If both want to run for a few ticks, the scheduler moves one of them to an
// idle processor, where the worker wakes from then on. So a worker that seems to share its caller's processor stays awake
// for that long. It does so rarely, as there may be only one processor, and otherwise goes to sleep at once.

import { now } from './clock.ts';

const SETTLE_MS = 10;
const LEAST_PAUSE_MS = 100;
const MOST_PAUSE_MS = 1600;
/** After so many jobs in which a worker did not share its caller's processor, staying awake has helped. */
const MANY = 1000;

/** How long to stay awake after a job: as usual, not at all, or at least until a time. */
export const AS_USUAL = 0;
export const NOT_AT_ALL: number = -1;

/** Decides how long a worker stays awake. */
export class Settling {
  readonly #clock: () => number;
  #until = 0;
  #next = 0;
  #pause = LEAST_PAUSE_MS;
  #fine = 0;

  constructor(clock: () => number = now) {
    this.#clock = clock;
  }

  /** After a job. `crowded`: the worker ran the caller's first chunk, though the caller had opened the job before. */
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
