// What a row's figures are worth: which targets they miss, and which are too good to be true.

/** Of the fastest of the others, that no row falls below. */
const LEAST_OF_FASTEST = 0.97;
const LEAST_OF_EAGER = 2.5;
const LEAST_IN_BACKWARD = 1.1;
/** From here on rows are wide, and nothing explains a large lead over torch.compile. */
const WIDE = 2048;
const MOST_OVER_COMPILE = 1.15;
const MOST_OF_COPY = 0.98;
/** How far PyTorch's copy may be from ours, which is the same. */
const MOST_BETWEEN_COPIES = 0.05;

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** How many times as fast `ours` is, the median over rounds. */
const ratio = (theirs, ours) => median(theirs.map((ms, round) => ms / ours[round]));

/** How many times as fast as a contender a row must be. */
function leastOf({ op, size, inner }, name) {
  if (op === 'backward') return LEAST_IN_BACKWARD;
  const isShort = op === 'forward' && inner === 1 && size >= 64 && size <= 256;
  return isShort && name === 'eager' ? LEAST_OF_EAGER : LEAST_OF_FASTEST;
}

/** The marks of a row: { missed: what falls short, suspect: what may be a mistake of measurement }, in words. */
function marksOf(row, fraction, speedups) {
  const missed = [];
  const suspect = [];
  const show = (value) => value.toFixed(2);
  const peers = Object.entries(speedups).filter(([name]) => name !== 'copy');
  if (fraction < row.target) missed.push(`${show(fraction)} of the copy, wanted ${row.target}`);
  if (fraction > MOST_OF_COPY) suspect.push(`above ${MOST_OF_COPY} of the copy`);
  for (const [name, speedup] of peers) {
    const wanted = leastOf(row, name);
    if (speedup < wanted) missed.push(`${show(speedup)} times ${name}, wanted ${wanted}`);
  }
  if (row.inner === 1 && row.size >= WIDE && speedups.compile > MOST_OVER_COMPILE)
    suspect.push(`${show(speedups.compile)} times compile, above ${MOST_OVER_COMPILE}`);
  const copies = speedups.copy === undefined ? 1 : speedups.copy / fraction;
  if (Math.abs(copies - 1) > MOST_BETWEEN_COPIES)
    suspect.push(`PyTorch's copy takes ${show(copies)} times as long as ours`);
  return { missed, suspect };
}

/**
 * The figures of a row.
 * @param times milliseconds of a call, of each contender, for each round: { ours, copyPlain, copyGraph, eager, compile, triton, copy }
 */
export function figuresOf(row, times) {
  const { ours, copyPlain, copyGraph, ...others } = times;
  const copy = median(copyPlain) < median(copyGraph) ? copyPlain : copyGraph;
  const fraction = ratio(copy, ours);
  const speedups = Object.fromEntries(Object.entries(others).map(([name, theirs]) => [name, ratio(theirs, ours)]));
  const medians = Object.fromEntries(Object.entries(times).map(([name, theirs]) => [name, median(theirs)]));
  const terabytes = (row.read + row.written) / median(ours) / 1e9;
  return {
    fraction,
    speedups,
    medians,
    copyMs: median(copy),
    terabytes,
    rounds: ours.length,
    ...marksOf(row, fraction, speedups),
  };
}
