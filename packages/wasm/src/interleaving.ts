import type { Problem } from '@rmsnorm/core';
import type { Extents } from './parts.ts';

// Of longer rows x and gamma do not stay in a first-level cache.
const MOST_SIZE = 2048;

/** Bytes of x and y together from which no second-level cache holds them, and a clock of 100 microseconds tells something. */
const LEAST_BYTES = 4 * 2 ** 20;

/** Runs of each order before one is taken. */
const RUNS = 9;

/** What summing and scaling in turn has to take at most of the interleaved time: noise alone must not choose it. */
const CLEARLY = 0.93;

/** The engine's clock, where it has one. */
const clock = (globalThis as { performance?: { now(): number } }).performance;

/**
 * float32 rows that lie in no cache can be done in two orders, to the same bits: interleaved, where some rows are scaled
 * while the next are summed, or summed and scaled in turn. Which is faster depends on the processor, by up to 1.5 times
 * either way (a Xeon likes the first, an EPYC the second), so the first calls of a size try both.
 */
export class Interleaving {
  readonly #trials = new Map<number, InterleavingTrials>();

  /** Null where there is no choice. */
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

/** The trials of one size: the two orders take turns, then summing and scaling in turn stays where its median is clearly lower. */
export class InterleavingTrials {
  /** The order of the next run. */
  interleaved = true;
  readonly #now: (() => number) | null;
  /** Milliseconds for an element, summed and scaled in turn, and interleaved. */
  readonly #times: readonly [number[], number[]] = [[], []];
  #left: number;

  constructor(now: (() => number) | null = clock ? () => clock.now() : null) {
    this.#now = now;
    this.#left = now ? 2 * RUNS : 0;
  }

  /** Runs in that order, over so many elements. */
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
