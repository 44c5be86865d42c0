// backward of rows that are columns (inner > 1), strip by strip: the columns are summed, then dx is computed. What a feature contributes
// to dgamma and dbeta is added along its row of the strip: 16 neighbours in float32, everything after that in float64.
//
// A float32 strip is read where it is, unless a column does not fit float32. All others are converted or copied into scratch memory.

import { call, isFloat32 } from '../../call';
import { sumColumns } from '../../columns/sum';
import { DType } from '../../descriptor';
import { addFloat32 } from '../../elements/add';
import { With, Without } from '../../elements/generic';
import { loadRun } from '../../elements/runs';
import { PIECE, weightsOf } from '../../weights';
import { LEAVE, LOAD, moveRows, NO_STAGE, setStage } from '../stages';
import { columnGradients } from './column-gradients';
import { dotColumns, sumBothOfFour } from './column-sums';
import { gradientFits, gradientInFloat64, needsSquares, pairsThatFit } from './gradient';

/** Elements of a strip in scratch memory: 512 KB of x, and of dy. */
const STRIP: u32 = 1 << 17;
/** The most columns of a strip that is read where it is. */
const DIRECT: u32 = 1024;

/** The strip in work. Lies at the start of the operation's memory, before what its fields point to. */
@unmanaged
class GradientStrip {
  /** The index of its first column in rstd, and the number of its columns. */
  row: u32;
  columns: u32;
  /** Bytes from the start of a tensor to the strip. */
  at: usize;
  /** Whether x and dy are read where they are. Else they are in scratch memory as float32, where dx replaces dy. */
  direct: u32;
  x: usize;
  d: usize;
  target: usize;
  /** Bytes from one feature to the next in x, d and target; and bytes of the columns, filled up to whole vectors. */
  stride: usize;
  widthBytes: usize;
  /**
   * For each column: float64 sums of squares, then of products; from `factors` on float32 r, then the middle factors, then room for a
   * feature of dsum.
   */
  squares: usize;
  factors: usize;
}
const STRIP_BYTES: u32 = 64;

function widthOf(): u32 {
  return min(call.inner, max(16, (STRIP / call.size) & ~15));
}

function padded(columns: u32): u32 {
  return (columns + 3) & ~3;
}

/** Bytes of scratch memory. */
export function columnBytes(): u32 {
  const inner = call.inner;
  return STRIP_BYTES + padded(min(inner, widthOf() + 1)) * (call.size * 8 + 28) + min(inner, DIRECT) * 28;
}

/** Bytes from one feature of a tensor to the next. */
function pitchOf(): usize {
  return <usize>call.inner << call.elementShift;
}

export function backwardColumns(): void {
  const inner = call.inner;
  const wide = widthOf();
  for (let slab: u32 = 0; slab < call.outer * call.groups; slab++) {
    let column: u32 = 0;
    while (column < inner) {
      const columns: u32 = isFloat32() ? min(inner - column, DIRECT) & ~3 : 0;
      if (columns && stripGradients(slab, column, columns, true)) {
        column += columns;
        continue;
      }
      // These columns, or all that are left, go through scratch memory.
      const end = columns ? column + columns : inner;
      while (column < end) {
        const some = end - column <= wide + 1 ? end - column : wide;
        stripGradients(slab, column, some, false);
        column += some;
      }
    }
  }
}

/** One strip. False if it was to be read where it is (`direct`), but a column does not fit float32: then nothing was written. */
function stripGradients(slab: u32, column: u32, columns: u32, direct: bool): bool {
  const feature = (slab % call.groups) * call.size;
  const strip = layOut(slab, column, columns, direct);
  if (!direct) loadStrip(strip);
  sumStrip(strip, feature);
  const unfit = factorsOf(strip);
  if (direct && unfit) return false;
  gradients(strip, feature);
  if (call.dsum) addDsum(strip);
  if (unfit) unfitColumns(strip, feature);
  if (!direct) moveRows(LEAVE, strip.at, strip.d, strip.widthBytes, columns, call.size);
  return true;
}

function layOut(slab: u32, column: u32, columns: u32, direct: bool): GradientStrip {
  const strip = changetype<GradientStrip>(call.operationMemory);
  const widthBytes = <usize>padded(columns) << 2;
  const at = (<usize>slab * call.size * call.inner + column) << call.elementShift;
  const own = call.operationMemory + STRIP_BYTES;
  const bytes = <usize>call.size * widthBytes;
  strip.row = slab * call.inner + column;
  strip.columns = columns;
  strip.at = at;
  strip.direct = u32(direct);
  strip.widthBytes = widthBytes;
  strip.stride = direct ? pitchOf() : widthBytes;
  strip.x = direct ? call.x + at : own;
  strip.d = direct ? call.dy + at : own + bytes;
  strip.target = direct ? call.dx + at : strip.d;
  strip.squares = direct ? own : own + 2 * bytes;
  strip.factors = strip.squares + 4 * widthBytes;
  return strip;
}

function loadStrip(strip: GradientStrip): void {
  const widthBytes = strip.widthBytes;
  // Zeros after the columns, in their last vector.
  if (strip.columns & 3) {
    for (let last = strip.x + widthBytes - 16; last < strip.squares; last += widthBytes) v128.store(last, i64x2.splat(0));
  }
  setStage(NO_STAGE, call.x, call.dx);
  moveRows(LOAD, strip.at, strip.x, widthBytes, strip.columns, call.size);
  setStage(NO_STAGE, call.dy, call.dx);
  moveRows(LOAD, strip.at, strip.d, widthBytes, strip.columns, call.size);
}

/** Few features at once, so that x is still in a cache when dy multiplies it. */
function sumStrip(strip: GradientStrip, feature: u32): void {
  const size = call.size;
  const statSize = call.statSize;
  const stride = strip.stride;
  const widthBytes = strip.widthBytes;
  const squares = strip.squares;
  const dots = squares + 2 * widthBytes;
  const summed = needsSquares();
  const height: u32 = strip.direct && strip.columns > 64 ? 4 : PIECE;
  memory.fill(squares, 0, 6 * widthBytes);
  for (let i: u32 = 0, p = strip.x, q = strip.d; i < size; i += height, p += height * stride, q += height * stride) {
    const rows = min(size - i, height);
    const w = weightsOf(feature + i, rows);
    if (height === 4 && i + 4 <= statSize && summed) {
      sumBothOfFour(p, q, stride, widthBytes, w, squares, dots);
      continue;
    }
    if (i < statSize && summed) sumColumns(p, stride, strip.columns, min(rows, statSize - i), squares);
    dotColumns(p, q, stride, widthBytes, w, rows, dots);
  }
}

/**
 * Stores r and the middle factor of each column. Returns how many columns do not fit float32. They are marked by a NaN as their sum of squares; in
 * scratch memory their elements become zeros, which do not change the sums.
 */
function factorsOf(strip: GradientStrip): u32 {
  const columns = strip.columns;
  const widthBytes = strip.widthBytes;
  let unfit: u32 = 0;
  let c = pairsThatFit(strip.row, strip.squares, strip.squares + 2 * widthBytes, strip.factors, strip.factors + widthBytes, columns);
  for (; c < columns; c++) {
    const squares = strip.squares + (<usize>c << 3);
    const sum = load<f64>(squares);
    const dot = load<f64>(squares + 2 * widthBytes);
    const at = strip.at + (<usize>c << call.elementShift);
    const narrow = <usize>c << 2;
    const factor = strip.factors + narrow;
    if (gradientFits(strip.row + c, sum, dot, at, pitchOf(), factor, factor + widthBytes)) continue;
    unfit++;
    if (strip.direct) break;
    store<f64>(squares, NaN);
    for (let p = strip.x + narrow, q = strip.d + narrow, end = strip.d; p < end; p += strip.stride, q += strip.stride) {
      store<f32>(p, 0);
      store<f32>(q, 0);
    }
  }
  return unfit;
}

function gradients(strip: GradientStrip, feature: u32): void {
  const size = call.size;
  const statSize = call.statSize;
  const stride = strip.stride;
  const widthBytes = strip.widthBytes;
  const factors = strip.factors;
  const middles = factors + widthBytes;
  for (let i: u32 = 0; i < size; ) {
    // A part ends where the statistic ends: after that the middle factor is 0.
    if (i === statSize) memory.fill(middles, 0, widthBytes);
    const rows = min((i < statSize ? statSize : size) - i, PIECE);
    const from = i * stride;
    const x = strip.x + from;
    const d = strip.d + from;
    const target = strip.target + from;
    const w = weightsOf(feature + i, rows);
    const sums = call.gradientSums + (<usize>(feature + i) << 3);
    if (call.dbeta) columnGradients<With>(x, d, target, stride, widthBytes, factors, middles, w, rows, sums);
    else columnGradients<Without>(x, d, target, stride, widthBytes, factors, middles, w, rows, sums);
    i += rows;
  }
}

/** Adds dsum to dx. */
function addDsum(strip: GradientStrip): void {
  const row = strip.factors + 2 * strip.widthBytes;
  let to = strip.target;
  let from = call.dsum + strip.at;
  for (let i: u32 = 0; i < call.size; i++, to += strip.stride, from += pitchOf()) {
    if (strip.direct) {
      addFloat32(to, from, to, strip.columns);
    } else {
      loadRun(from, row, strip.columns);
      addFloat32(to, row, to, strip.columns);
    }
  }
}

/** The columns that factorsOf marked, in float64. */
function unfitColumns(strip: GradientStrip, feature: u32): void {
  for (let c: u32 = 0; c < strip.columns; c++) {
    if (!isNaN(load<f64>(strip.squares + (<usize>c << 3)))) continue;
    const at = strip.at + (<usize>c << call.elementShift);
    gradientInFloat64(strip.row + c, at, pitchOf(), feature, DType.float32, strip.d + (<usize>c << 2), strip.stride);
  }
}
