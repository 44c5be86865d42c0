import { bytesPerElement, type Problem } from '@rmsnorm/core';

/** Bytes of a slice: two of them are on the device at a time. */
const SLICE = 32 * 2 ** 20;

/** Rows of an array on the host that go to the device together. */
export interface Slice {
  /** The same rows as a problem of their own. */
  readonly problem: Problem;
  /** Where they lie in the array, in bytes: `pieces` of `length`, each `stride` after the one before. */
  readonly from: number;
  readonly pieces: number;
  readonly length: number;
  readonly stride: number;
}

/**
 * A problem in slices of whole rows: of several [outer] with all that is behind them, in one piece; or, where not even one
 * fits, of neighbouring columns along inner. A single row that does not fit is left to the device to refuse.
 *
 * @param largest bytes that a buffer, and a binding, may have
 */
export function slicesOf(problem: Problem, largest: number): Slice[] {
  const { dtype, outer, groups, size, inner } = problem;
  const element = bytesPerElement(dtype);
  const features = groups * size;
  const column = features * element;
  const whole = column * inner;
  const most = Math.min(SLICE, largest);
  if (whole <= largest || inner === 1 || LEAST_COLUMNS * column > largest) {
    return ranges(outer, Math.max(1, Math.floor(most / whole))).map(({ first, count }) => ({
      ...{ problem: { ...problem, outer: count }, from: first * whole },
      ...{ pieces: 1, length: count * whole, stride: 0 },
    }));
  }
  const columns = columnRanges(inner, Math.max(LEAST_COLUMNS, Math.floor(most / column)));
  return Array.from({ length: outer }, (_, i) => i).flatMap((i) =>
    columns.map(({ first, count }) => ({
      ...{ problem: { ...problem, outer: 1, inner: count }, from: i * whole + first * element },
      ...{ pieces: features, length: count * element, stride: inner * element },
    })),
  );
}

/** A range of three columns and more leaves no lone one: that would be rows in one piece, summed in another order. */
const LEAST_COLUMNS = 3;

interface Range {
  readonly first: number;
  readonly count: number;
}

function ranges(total: number, most: number): Range[] {
  return Array.from({ length: Math.ceil(total / most) }, (_, i) => ({
    first: i * most,
    count: Math.min(most, total - i * most),
  }));
}

/** Columns in as few ranges as may be, of like sizes; of multiples of four where there is room, which kernels like. */
function columnRanges(inner: number, most: number): Range[] {
  const unit = most >= 4 * LEAST_COLUMNS ? 4 : 1;
  const units = Math.ceil(inner / unit);
  const count = Math.ceil(units / Math.floor(most / unit));
  const start = (i: number): number => Math.min(inner, Math.floor((i * units) / count) * unit);
  return Array.from({ length: count }, (_, i) => ({ first: start(i), count: start(i + 1) - start(i) }));
}

/** A slice's elements, one piece after another; without a copy where there is one piece. */
export function gathered({ from, pieces, length, stride }: Slice, array: Uint8Array): Uint8Array {
  if (pieces === 1) return array.subarray(from, from + length);
  const packed = new Uint8Array(pieces * length);
  for (let i = 0; i < pieces; i++) {
    const start = from + i * stride;
    packed.set(array.subarray(start, start + length), i * length);
  }
  return packed;
}

/** The other way: nothing to do where there is one piece, for `packed` is then the array's own. */
export function scatter({ from, pieces, length, stride }: Slice, packed: Uint8Array, array: Uint8Array): void {
  if (pieces === 1) return;
  for (let i = 0; i < pieces; i++) array.set(packed.subarray(i * length, (i + 1) * length), from + i * stride);
}
