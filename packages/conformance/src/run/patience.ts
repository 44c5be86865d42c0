import { Late } from '../case/failure.ts';

/** How many cases in a row, and in all, may not come back before the rest is given up. */
const IN_A_ROW = 3;
const IN_ALL = 10;

const FAILED_STARTS = 3;

/** How many timeouts the starts of fresh backends may take in all: each case that breaks one costs a start. */
const TIMEOUTS_OF_STARTS = 10;

/** How long a run waits for a backend that does not come back: each case that hangs costs a whole timeout. */
export class Patience {
  readonly #timeout: number;
  #inARow = 0;
  #inAll = 0;
  #failedStarts = 0;
  #starting = 0;
  #lost: string | null = null;

  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  /** Why no more cases are run; null while they are. */
  get lost(): string | null {
    return this.#lost;
  }

  /** A case did not come back: gives the error of it. */
  timedOut(): Late {
    this.#inARow++;
    this.#inAll++;
    const late = `did not come back within ${this.#timeout} ms`;
    if (this.#inARow >= IN_A_ROW) this.#lost ??= `${this.#inARow} cases one after another ${late} each`;
    else if (this.#inAll >= IN_ALL) this.#lost ??= `${this.#inAll} cases ${late} each`;
    return new Late(`${late}: does every promise of the driver settle?`);
  }

  cameBack(): void {
    this.#inARow = 0;
  }

  /** Whether a start came up, after how many milliseconds. */
  started(success: boolean, ms: number): void {
    this.#failedStarts = success ? 0 : this.#failedStarts + 1;
    this.#starting += ms;
    if (this.#starting > TIMEOUTS_OF_STARTS * this.#timeout) {
      this.#lost ??= `starting the backend anew, after each case that broke it, took ${Math.round(this.#starting / 1000)} s`;
    }
    if (this.#failedStarts >= FAILED_STARTS)
      this.#lost ??= `the backend did not start again, ${FAILED_STARTS} times over`;
  }
}
