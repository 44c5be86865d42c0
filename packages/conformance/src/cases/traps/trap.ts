import type { Case, Subject } from '../../case/case.ts';
import { check } from '../../case/failure.ts';
import { float32Error, NO_TERMS, toleranceOf } from '../../expected/bounds.ts';
import { cycle } from '../../inputs/distributions.ts';
import { FORMATS, ulp } from '../../inputs/formats.ts';
import { FORWARD } from '../../operations/forward.ts';
import { type ForwardSpec, requirementsOf } from '../../operations/forward-spec.ts';
import { outcomeOf } from '../../operations/run-call.ts';

/** An input on which a usual error shows, with results written out: the case does not lean on the formula alone. */
export interface Trap extends ForwardSpec {
  /** Results, in as many digits as are given. They are held against the exact formula as well. */
  readonly y?: readonly number[];
  /** Relative to the largest of y: half of the last digit that is given, or more. */
  readonly within?: number;
}

export type Traps = Readonly<Record<string, Trap>>;

/** A norm along the last axis. */
export const last = (dim: number): { dim: number; axis: -1 } => ({ dim, axis: -1 });

/** Two pairs of 3 and 4, the second ten times the first. */
export const FOUR: Pick<Trap, 'shape' | 'x' | 'gamma'> = { shape: [1, 4], x: cycle([3, 4, 30, 40]), gamma: null };

/** One case for each trap. */
export function trapCasesOf(traps: Traps): Case[] {
  return Object.entries(traps).map(([name, trap]) => ({
    id: `forward/traps:${name}`,
    requires: requirementsOf(trap),
    run: (subject) => verifyTrap(subject, trap),
  }));
}

async function verifyTrap(subject: Subject, trap: Trap): Promise<void> {
  const { y = [], within = 0, lookAt, dtype = 'float32' } = trap;
  const prepared = FORWARD.prepare(trap, subject.random);
  const results = await outcomeOf(subject, prepared);
  prepared.compare(results, subject.backend.supports);
  const { accuracy } = subject.backend.supports;
  const largest = Math.max(...y.map(Math.abs));
  // Engines of class 'loose' may be 1e-5 and some steps of the dtype away from these numbers, too.
  const steps =
    accuracy === 'loose'
      ? float32Error(toleranceOf(accuracy, NO_TERMS), largest) + 4 * ulp(FORMATS[dtype], largest)
      : 0;
  for (const [i, expected] of y.entries()) {
    const got = results.y![i]!;
    check(
      Math.abs(got - expected) <= within * largest + steps,
      () => `y[${i}] is ${got}, it must be ${expected}${lookAt ? `; ${lookAt}` : ''}`,
    );
  }
}
