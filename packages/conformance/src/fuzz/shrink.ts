import type { Bits, Trial } from './trial.ts';

/** How many smaller trials are run at most: enough for hundreds of elements. */
const ATTEMPTS = 600;

/** A trial that still fails, from which nothing can be left out or made plain any more. */
export async function shrink(trial: Trial, fails: (smaller: Trial) => Promise<boolean>): Promise<Trial> {
  let smallest = trial;
  let attempts = 0;
  for (let found = true; found; ) {
    found = false;
    for (const candidate of smaller(smallest)) {
      if (++attempts > ATTEMPTS) return smallest;
      if (!(await fails(candidate))) continue;
      smallest = candidate;
      found = true;
      break;
    }
  }
  return smallest;
}

/** Simpler trials, those first that leave out the most. */
function* smaller(trial: Trial): Generator<Trial> {
  const { outer, groups, size, inner, inputs, options } = trial;
  for (const length of halves(outer)) {
    yield cut(trial, { outer: length }, ({ o }) => o < length);
    yield cut(trial, { outer: length }, ({ o }) => o >= outer - length);
  }
  for (const length of halves(inner)) {
    yield cut(trial, { inner: length }, ({ i }) => i < length);
    yield cut(trial, { inner: length }, ({ i }) => i >= inner - length);
  }
  for (const length of halves(groups)) {
    yield cut(trial, { groups: length }, ({ g }) => g < length);
    yield cut(trial, { groups: length }, ({ g }) => g >= groups - length);
  }
  for (const length of halves(size)) {
    yield cut(trial, { size: length }, ({ k }) => k < length);
    yield cut(trial, { size: length }, ({ k }) => k >= size - length);
  }
  if (trial.spread) yield { ...trial, spread: false };
  if (trial.rstd) yield { ...trial, rstd: false };
  if (trial.others > 0) yield { ...trial, others: 0 };
  if (trial.scale !== null) yield { ...trial, scale: null };
  for (const name of ['beta', 'dsum', 'gamma']) {
    const { [name]: dropped, ...rest } = inputs;
    if (dropped && (name !== 'gamma' || options.weightOffset === undefined)) yield { ...trial, inputs: rest };
  }
  for (const name of Object.keys(options) as (keyof typeof options)[]) {
    const { [name]: _dropped, ...rest } = options;
    yield { ...trial, options: rest };
  }
  for (const [name, bits] of Object.entries(inputs)) {
    const one = { Uint32Array: 0x3f800000, Uint16Array: trial.dtype === 'float16' ? 0x3c00 : 0x3f80 }[
      bits.constructor.name as 'Uint32Array' | 'Uint16Array'
    ];
    // A zero row with eps = 0 is more than a backend need promise.
    const plain = name === 'sums' || options.eps === 0 ? [one] : [0, one];
    for (let at = 0; at < Math.min(bits.length, 64); at++) {
      if (plain.includes(bits[at]!)) continue;
      for (const value of plain)
        yield { ...trial, inputs: { ...inputs, [name]: bits.map((b, i) => (i === at ? value : b)) as Bits } };
    }
  }
}

/** The least lengths, a half, and all but one. */
function halves(length: number): number[] {
  return [...new Set([1, 2, 3, length >> 1, length - 1])].filter((shorter) => shorter > 0 && shorter < length);
}

interface Place {
  readonly o: number;
  readonly g: number;
  readonly k: number;
  readonly i: number;
}

/** The part of a trial whose places `keeps` takes. */
function cut(trial: Trial, lengths: Partial<Trial>, keeps: (place: Place) => boolean): Trial {
  const { groups, size, inner } = trial;
  const at = (o: number, g: number, k: number, i: number): boolean => keeps({ o, g, k, i });
  const place = (flat: number): boolean =>
    at(
      Math.floor(flat / (groups * size * inner)),
      Math.floor(flat / (size * inner)) % groups,
      Math.floor(flat / inner) % size,
      flat % inner,
    );
  // A place of a shorter kind stands for all places that it applies to: those that are kept in its own axes.
  const ofFeature = (feature: number): boolean =>
    any(trial.outer, (o) => any(inner, (i) => at(o, Math.floor(feature / size), feature % size, i)));
  const ofRow = (row: number): boolean => {
    const block = Math.floor(row / inner);
    return any(size, (k) => at(Math.floor(block / groups), block % groups, k, row % inner));
  };
  const inputs = Object.entries(trial.inputs).map(([name, bits]) => {
    const kept = name === 'gamma' || name === 'beta' ? ofFeature : name === 'sums' ? ofRow : place;
    return [name, bits.filter((_, index) => kept(index))];
  });
  return { ...trial, ...lengths, inputs: Object.fromEntries(inputs) };
}

function any(length: number, takes: (index: number) => boolean): boolean {
  for (let index = 0; index < length; index++) if (takes(index)) return true;
  return false;
}
