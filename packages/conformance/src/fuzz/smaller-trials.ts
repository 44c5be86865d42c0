import type { FloatDType } from '@rmsnorm/core';
import { type Bits, dtypeOf, type Trial } from './trial.ts';

/** What is left of a trial when something is taken away or made plain; first what takes away the most. */
export function* smallerTrials(trial: Trial): Generator<Trial> {
  yield* shorter(trial, 'outer', ({ outer }) => outer);
  yield* shorter(trial, 'inner', ({ inner }) => inner);
  yield* shorter(trial, 'groups', ({ group }) => group);
  yield* shorter(trial, 'size', ({ feature }) => feature);
  yield* withoutExtras(trial);
  yield* withoutOptions(trial);
  yield* withPlainElements(trial);
}

/** One length of the layout shorter, from its beginning and from its end. */
function* shorter(
  trial: Trial,
  length: 'outer' | 'inner' | 'groups' | 'size',
  indexOf: (place: Place) => number,
): Generator<Trial> {
  const full = trial[length];
  for (const less of [...new Set([1, 2, 3, full >> 1, full - 1])].filter((short) => short > 0 && short < full)) {
    yield cut(trial, { [length]: less }, (place) => indexOf(place) < less);
    yield cut(trial, { [length]: less }, (place) => indexOf(place) >= full - less);
  }
}

function* withoutExtras(trial: Trial): Generator<Trial> {
  const { inputs, options } = trial;
  if (trial.spread) yield { ...trial, spread: false };
  if (trial.rstd) yield { ...trial, rstd: false };
  if (trial.others > 0) yield { ...trial, others: 0 };
  if (trial.scale !== null) yield { ...trial, scale: null };
  for (const name of ['beta', 'dsum', 'gamma']) {
    const { [name]: dropped, ...rest } = inputs;
    // A weightOffset is an offset of gamma.
    if (dropped && (name !== 'gamma' || options.weightOffset === undefined)) yield { ...trial, inputs: rest };
  }
}

function* withoutOptions(trial: Trial): Generator<Trial> {
  for (const name of Object.keys(trial.options) as (keyof Trial['options'])[]) {
    const { [name]: _dropped, ...rest } = trial.options;
    yield { ...trial, options: rest };
  }
}

const ONE: Readonly<Record<FloatDType, number>> = { float32: 0x3f800000, float16: 0x3c00, bfloat16: 0x3f80 };

/** How many elements of an input are tried, the first ones. */
const MAX_PLAIN = 64;

/** One element replaced by a 0 or a 1. */
function* withPlainElements(trial: Trial): Generator<Trial> {
  for (const [name, bits] of Object.entries(trial.inputs)) {
    const one = ONE[dtypeOf(trial, name)];
    // A zero row with eps = 0 is more than a backend need promise.
    const plain = name === 'sums' || trial.options.eps === 0 ? [one] : [0, one];
    for (let at = 0; at < Math.min(bits.length, MAX_PLAIN); at++) {
      if (plain.includes(bits[at]!)) continue;
      for (const value of plain) {
        const changed = bits.slice() as Bits;
        changed[at] = value;
        yield { ...trial, inputs: { ...trial.inputs, [name]: changed } };
      }
    }
  }
}

/** The indices of an element in the layout. */
interface Place {
  readonly outer: number;
  readonly group: number;
  readonly feature: number;
  readonly inner: number;
}

/** The part of a trial whose places `keeps` takes. */
function cut(trial: Trial, lengths: Partial<Trial>, keeps: (place: Place) => boolean): Trial {
  const { outer, groups, size, inner } = trial;
  const keepsElement = (flat: number): boolean =>
    keeps({
      outer: Math.floor(flat / (groups * size * inner)),
      group: Math.floor(flat / (size * inner)) % groups,
      feature: Math.floor(flat / inner) % size,
      inner: flat % inner,
    });
  // A weight belongs to elements of many rows, a sum to those of its row. Each is kept where one of its elements is.
  const keepsWeight = (flat: number): boolean => {
    const [group, feature] = [Math.floor(flat / size), flat % size];
    return any(outer, (o) => any(inner, (i) => keeps({ outer: o, group, feature, inner: i })));
  };
  const keepsSum = (row: number): boolean => {
    const block = Math.floor(row / inner);
    const [o, group] = [Math.floor(block / groups), block % groups];
    return any(size, (feature) => keeps({ outer: o, group, feature, inner: row % inner }));
  };
  const inputs = Object.entries(trial.inputs).map(([name, bits]) => {
    const kept = name === 'gamma' || name === 'beta' ? keepsWeight : name === 'sums' ? keepsSum : keepsElement;
    return [name, bits.filter((_, index) => kept(index))];
  });
  return { ...trial, ...lengths, inputs: Object.fromEntries(inputs) };
}

function any(length: number, takes: (index: number) => boolean): boolean {
  for (let index = 0; index < length; index++) if (takes(index)) return true;
  return false;
}
