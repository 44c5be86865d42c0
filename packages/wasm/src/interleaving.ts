import type { Problem } from '@rmsnorm/core';
import type { Extents } from './parts.ts';

// A first-level cache does not hold x and gamma of longer rows.
const MOST_SIZE = 2048;

/**
 * x and y of so many bytes together exceed second-level caches, and take long enough for a clock with steps of 100
 * microseconds.
 */
const LEAST_BYTES = 4 * 2 ** 20;

/** Runs of each order before one is chosen. */
const RUNS = 9;

/** Summing and scaling in turn is chosen only below this fraction of the interleaved time: noise does not decide. */
const CLEARLY = 0.93;

/** The engine's clock, where it has one. */
const clock = (globalThis as { performance?: { now(): number } }).performance;

/**
 * float32 rows that exceed the caches can be done in two orders with the same bits: interleaved, where a batch of rows is
 * scaled while the next is summed; or each batch is summed, then scaled. Either can be 1.5 times as fast as the other:
 * the first on a Xeon, the second on an EPYC. So the first calls of each size of rows try both.
 */
export class Interleaving {
  readonly #trials = new Map<number, InterleavingTrials>();

  /** Null if there is no choice. */
  trialsOf({ size, statSize, inner, dtype }: Problem, part: Extents): InterleavingTrials | null {
    if (dtype !== 'float32' || inner !== 1 || statSize < size || size > MOST_SIZE) return null;
    if (part.outer * part.groups * size * 8 < LEAST_BYTES) return null;
    let trials = this.#trials.get(size);
    if (!trials) {
      trials = new InterleavingTrials();
      this.#trials.set(size, trials);
    }
    return trials;
  }
}

/**
 * The trials of one size. The orders take turns; in the end the one that is not interleaved is chosen if its median is
 * clearly lower.
 */
export class InterleavingTrials {
  /** The order of the next run. */
  interleaved = true;
  readonly #now: (() => number) | null;
  /** Milliseconds per element: not interleaved, and interleaved. */
  readonly #times: readonly [number[], number[]] = [[], []];
  #left: number;

  constructor(now: (() => number) | null = clock ? () => clock.now() : null) {
    this.#now = now;
    this.#left = now ? 2 * RUNS : 0;
  }

  /** Runs a call over so many elements, which must take the order `interleaved`. */
  try(elements: number, run: () => void): void {
    const now = this.#left === 0 ? null : this.#now;
    const began = now?.() ?? 0;
    run();
    if (now === null) return;
    const [inTurn, interleaved] = this.#times;
    (this.interleaved ? interleaved : inTurn).push((now() - began) / elements);
    this.interleaved = --this.#left === 0 ? median(inTurn) >= CLEARLY * median(interleaved) : !this.interleaved;
  }
}

function median(times: number[]): number {
  return times.sort((a, b) => a - b)[times.length >> 1]!;
}
