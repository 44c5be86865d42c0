import { bytesPerElement, type Problem } from '@rmsnorm/core';

/** Bytes of a slice: two of them are on the device at a time, beside each other. */
const SLICE = 32 * 2 ** 20;

/** Rows of an array on the host that go to the device together. */
export interface Slice {
  /** The same rows as a problem of their own. */
  readonly p: Problem;
  /** Where they lie, in bytes: `runs` pieces of `length`, each `stride` after the one before. */
  readonly from: number;
  readonly runs: number;
  readonly length: number;
  readonly stride: number;
}

/**
 * A problem in slices of whole rows: of all that is behind some [outer], in one piece; or, where that does not fit, of
 * some neighbours along inner. A single row that does not fit is left to the device to refuse.
 *
 * @param largest bytes that a buffer, and a binding, may have
 */
export function slicesOf(p: Problem, largest: number): Slice[] {
  const element = bytesPerElement(p.dtype);
  const runs = p.groups * p.size;
  const column = runs * element;
  const whole = column * p.inner;
  const most = Math.min(SLICE, largest);
  if (whole <= largest || p.inner === 1 || LEAST_COLUMNS * column > largest) {
    return pieces(p.outer, Math.max(1, Math.floor(most / whole))).map(({ first, count }) => ({
      ...{ p: { ...p, outer: count }, from: first * whole },
      ...{ runs: 1, length: count * whole, stride: 0 },
    }));
  }
  const columns = columnPieces(p.inner, Math.max(LEAST_COLUMNS, Math.floor(most / column)));
  return pieces(p.outer, 1).flatMap(({ first: outer }) =>
    columns.map(({ first, count }) => ({
      ...{ p: { ...p, outer: 1, inner: count }, from: outer * whole + first * element },
      ...{ runs, length: count * element, stride: p.inner * element },
    })),
  );
}

/** Of three and more, no piece of all columns is a lone one: that would be rows in one piece, summed in another order. */
const LEAST_COLUMNS = 3;

interface Piece {
  readonly first: number;
  readonly count: number;
}

function pieces(total: number, most: number): Piece[] {
  return Array.from({ length: Math.ceil(total / most) }, (_, i) => ({
    first: i * most,
    count: Math.min(most, total - i * most),
  }));
}

/** Columns in as few pieces as may be, of like sizes; multiples of four where there is room, which kernels like. */
function columnPieces(inner: number, most: number): Piece[] {
  const unit = most >= 4 * LEAST_COLUMNS ? 4 : 1;
  const units = Math.ceil(inner / unit);
  const count = Math.ceil(units / Math.floor(most / unit));
  const start = (i: number): number => Math.min(inner, Math.floor((i * units) / count) * unit);
  return Array.from({ length: count }, (_, i) => ({ first: start(i), count: start(i + 1) - start(i) }));
}

/** A slice's elements, one run after another; without a copy where they lie in one piece. */
export function gathered({ from, runs, length, stride }: Slice, array: Uint8Array): Uint8Array {
  if (runs === 1) return array.subarray(from, from + length);
  const packed = new Uint8Array(runs * length);
  for (let i = 0; i < runs; i++) {
    const start = from + i * stride;
    packed.set(array.subarray(start, start + length), i * length);
  }
  return packed;
}

/** The other way: nothing to do where they lie in one piece, for `packed` is then the array's own. */
export function scatter({ from, runs, length, stride }: Slice, packed: Uint8Array, array: Uint8Array): void {
  if (runs === 1) return;
  for (let i = 0; i < runs; i++) array.set(packed.subarray(i * length, (i + 1) * length), from + i * stride);
}
