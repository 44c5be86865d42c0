import type { FloatDType } from '@rmsnorm/core';
import { FORMATS, ulp } from '../inputs/formats.ts';

/** A mistake that implementations make, and what comes out of it. */
export interface Suspect {
  readonly cause: string;
  /** Null where it changes nothing here. */
  readonly values: () => ArrayLike<number> | null;
}

/** An element that is wrong. */
export interface Wrong {
  readonly flat: number;
  readonly got: number;
}

/** How many elements are computed again, for each suspect, to say what may be wrong. */
const MOST_ELEMENTS = 50_000;
/** How many of the wrong ones a suspect must explain. */
export const MOST_WRONG = 2000;

/** A kernel that makes a mistake errs in float32 as well. */
const CLOSE = 1e-5;

/**
 * What the wrong elements look like: mistakes that would give just what came out, at most two. Nothing where few elements
 * are wrong, of which anything may be said.
 */
export function likelyCauses(
  wrong: readonly Wrong[],
  suspects: readonly Suspect[],
  {
    exact,
    count,
    dtype,
  }: { readonly exact: (flat: number) => number; readonly count: number; readonly dtype: FloatDType },
): readonly string[] {
  if (wrong.length < 3 || count > MOST_ELEMENTS) return [];
  const some = wrong.slice(0, MOST_WRONG);
  const explaining = suspects.filter((suspect) => {
    const values = suspect.values();
    return values !== null && explains(values, some, dtype, exact);
  });
  return explaining.slice(0, 2).map(({ cause }) => cause);
}

/** The causes as a part of a message; false where there are none. */
export function describeCauses(causes: readonly string[]): string | false {
  return causes.length > 0 && `that is what comes of ${causes.join(', or of ')}`;
}

function explains(
  values: ArrayLike<number>,
  wrong: readonly Wrong[],
  dtype: FloatDType,
  exact: (flat: number) => number,
): boolean {
  let telling = 0;
  for (const { flat, got } of wrong) {
    const value = values[flat]!;
    const close = CLOSE * Math.abs(value) + (dtype === 'float32' ? 0 : 2 * ulp(FORMATS[dtype], value));
    if (!(Math.abs(got - value) <= close)) return false;
    // What is as near to the right result tells nothing.
    if (Math.abs(value - exact(flat)) > 4 * close) telling++;
  }
  return telling > wrong.length / 2;
}

/** What the wrong elements have in common, whatever the operation is; empty where that is nothing. */
export function patternOf(wrong: readonly Wrong[], wrongCount: number, count: number): string {
  if (wrong.length < 3) return '';
  if (wrong.every(({ got }) => got === 0)) return 'all of them are 0: look at whether anything was written there';
  if (wrong.every(({ got }) => Number.isNaN(got))) return 'all of them are NaN';
  const first = wrong[0]!.flat;
  const toTheEnd = wrong.every(({ flat }, i) => flat === first + i) && first + wrongCount === count;
  if (toTheEnd && first > 0) {
    return `they are the last ${wrongCount} of ${count}, and all before is right: look at the end of a transfer, or of the grid`;
  }
  return '';
}
