import type { Supports } from '@rmsnorm/core';
import fc from 'fast-check';
import { randomFrom } from '../inputs/random.ts';
import { drawTrial, type TrialKind } from './draw.ts';
import { smallerTrials } from './smaller-trials.ts';
import type { Trial } from './trial.ts';

/** How many smaller trials are run at most: enough for hundreds of elements. */
const MAX_SHRINKS = 600;

/** Trials of one kind, for fast-check to draw, to shrink where they fail, and to run again. */
export function anyTrial(supports: Supports, kind: TrialKind): fc.Arbitrary<Trial> {
  return fc.limitShrink(new TrialArbitrary(supports, kind), MAX_SHRINKS);
}

/**
 * Not composed of fast-check's records and arrays: these draw other elements for a smaller layout, where a failure needs
 * the very bits that are left.
 */
class TrialArbitrary extends fc.Arbitrary<Trial> {
  readonly #supports: Supports;
  readonly #kind: TrialKind;

  constructor(supports: Supports, kind: TrialKind) {
    super();
    this.#supports = supports;
    this.#kind = kind;
  }

  override generate(random: fc.Random): fc.Value<Trial> {
    const bits = (): number => random.nextInt(-(2 ** 31), 2 ** 31 - 1) >>> 0;
    return new fc.Value(drawTrial(randomFrom(bits), this.#supports, this.#kind), undefined);
  }

  /** A trial that somebody gives, to be replayed, can be made smaller too. */
  override canShrinkWithoutContext(_value: unknown): _value is Trial {
    return true;
  }

  override shrink(trial: Trial): fc.Stream<fc.Value<Trial>> {
    return fc.stream(smallerTrials(trial)).map((smaller) => new fc.Value(smaller, undefined));
  }
}
