const { fround } = Math;

/** How a sum over a row is taken. */
export type Order =
  | { readonly kind: 'serial' | 'reversed' | 'halves' | 'fours' | 'compensated' }
  | { readonly kind: 'lanes' | 'blocks' | 'float32-lanes'; readonly width: number };

/** Whether partial sums are float32: squares then overflow where float32 does. */
export function isInFloat32({ kind }: Order): boolean {
  return kind === 'fours' || kind === 'compensated' || kind === 'blocks' || kind === 'float32-lanes';
}

/** The sum of `term(i)` for i in 0 to count - 1. */
export function sumInOrder(order: Order, count: number, term: (i: number) => number): number {
  switch (order.kind) {
    case 'serial':
      return stridedSum(term, 0, count, 1);
    case 'reversed':
      return stridedSum((i) => term(count - 1 - i), 0, count, 1);
    case 'halves':
      return sumOfHalves(term, 0, count);
    case 'fours':
      return sumOfBlocks(term, count, 4).reduce((sum, four) => sum + four, 0);
    case 'compensated':
      return compensatedSum(term, count);
    case 'lanes':
      return treeSum(
        Array.from({ length: Math.min(order.width, count) }, (_, lane) => stridedSum(term, lane, count, order.width)),
        (sum) => sum,
      );
    case 'blocks':
      return treeSum(sumOfBlocks(term, count, order.width), fround);
    case 'float32-lanes':
      return treeSum(
        Array.from({ length: Math.min(order.width, count) }, (_, lane) => {
          let sum = 0;
          for (let i = lane; i < count; i += order.width) sum = fround(sum + fround(term(i)));
          return sum;
        }),
        fround,
      );
  }
}

function stridedSum(term: (i: number) => number, first: number, count: number, step: number): number {
  let sum = 0;
  for (let i = first; i < count; i += step) sum += term(i);
  return sum;
}

function sumOfHalves(term: (i: number) => number, from: number, to: number): number {
  if (to - from <= 8) return stridedSum(term, from, to, 1);
  const middle = (from + to) >> 1;
  return sumOfHalves(term, from, middle) + sumOfHalves(term, middle, to);
}

/** float32 sums of `width` terms that lie side by side. */
function sumOfBlocks(term: (i: number) => number, count: number, width: number): number[] {
  return Array.from({ length: Math.ceil(count / width) }, (_, block) => {
    let sum = 0;
    for (let i = block * width; i < Math.min(count, (block + 1) * width); i++) sum = fround(sum + fround(term(i)));
    return sum;
  });
}

function treeSum(terms: readonly number[], round: (sum: number) => number): number {
  let sums = terms;
  while (sums.length > 1) {
    const half = Math.ceil(sums.length / 2);
    const wider = sums;
    sums = Array.from({ length: half }, (_, i) => round(wider[i]! + (wider[i + half] ?? 0)));
  }
  return sums[0] ?? 0;
}

/**
 * Kahan's sum in float32. Not Neumaier's, which adds up what is lost and puts it in at the end: on a constant row of 131,072 that
 * errs by a millionth.
 */
function compensatedSum(term: (i: number) => number, count: number): number {
  let sum = 0;
  let lost = 0;
  for (let i = 0; i < count; i++) {
    const next = fround(fround(term(i)) - lost);
    const total = fround(sum + next);
    // Where the sum is infinite or NaN, what was lost is NaN.
    lost = Number.isFinite(total) ? fround(fround(total - sum) - next) : 0;
    sum = total;
  }
  return sum;
}
