// forwardQuantized: normalizes into float32 scratch memory, finds the largest magnitude of each (outer, inner), and quantizes by it. The
// size of a step of q is called step here; it is the scale of the result.
//
// Rows of one group without a beta that fit float32 need no normalized copy: the largest |x * w| is found while x is summed, and q is x *
// w times r / step, which differs from y / step by at most 3 roundings.

import { call, isFloat32 } from '../call';
import { startStrips } from '../columns/strip';
import { normalizeStrip } from '../columns/strips';
import { loadRun } from '../elements/runs';
import { finishSum, promoteHigh, squaresOfFour } from '../rows/sum';
import { normalizeTile, tileRows } from '../rows/tiles';
import { fitsFloat32, rstdOf } from '../statistic';
import { PIECE, weightsOf } from '../weights';
import { fill, largest, largestOfColumns, magnitudeBits, quantizeProducts, quantizeRun, stepOf } from './quantize';
import { KEEP, setStage } from './stages';

export function forwardQuantized(): void {
  setStage(KEEP, call.x, 0);
  if (call.inner > 1) quantizeStrips();
  else quantizeRows();
}

function quantizeRows(): void {
  const size = call.size;
  const bytes = <usize>size << 2;
  const rows = call.outer * call.groups;
  const direct = call.groups === 1 && !call.beta && !call.roundsProducts && call.statSize === size && size <= PIECE;
  const most = tileRows(call.groups);
  for (let first: u32 = 0; first < rows; first += most) {
    const count = min(most, rows - first);
    let p = call.x + (<usize>(first * size) << call.elementShift);
    if (!isFloat32()) {
      loadRun(p, call.operationMemory, count * size);
      p = call.operationMemory;
    }
    if (!direct) {
      quantizeTile(first, count, p);
      continue;
    }
    for (let row: u32 = 0; row < count; row++) {
      row += quantizeDirectly(p + row * bytes, first + row, count - row);
      // A row that does not fit float32 is done alone, so that the bits of other rows do not depend on it.
      if (row < count) quantizeTile(first + row, 1, p + row * bytes);
    }
  }
}

/** Quantizes `rows` rows from row `row` on, which are at `p` as float32, by way of a normalized copy. */
function quantizeTile(row: u32, rows: u32, p: usize): void {
  const groups = call.groups;
  const features = groups * call.size;
  const scale = <f32>call.scale;
  let from = call.operationMemory;
  normalizeTile(row, rows, p, from, 0);
  for (const end = row + rows; row < end; row += groups, from += <usize>features << 2) {
    const step = scale > 0 ? scale : stepOf(largest(from, features));
    store<f32>(call.scales + (<usize>(row / groups) << 2), step);
    quantizeRun<f32>(from, step, 0, call.q + <usize>row * call.size, features);
  }
}

function quantizeStrips(): void {
  const strip = startStrips();
  const inner = call.inner;
  const groups = call.groups;
  const features = groups * call.size;
  const scale = <f32>call.scale;
  let scales = call.scales;
  let q = call.q;
  for (let o: u32 = 0; o < call.outer; o++, scales += <usize>inner << 2, q += <usize>features * inner) {
    for (let column = call.firstColumn; column < call.endColumn; column += strip.width) {
      const columns = min(strip.width, call.endColumn - column);
      for (let g: u32 = 0; g < groups; g++) normalizeStrip(strip, o * groups + g, column, columns, g * call.size);
      const steps = scales + (<usize>column << 2);
      let from = strip.values;
      if (scale > 0) fill(steps, columns, scale);
      else largestOfColumns(from, features, columns, steps);
      let to = q + column;
      for (let i: u32 = 0; i < features; i++, from += <usize>columns << 2, to += inner) quantizeRun<v128>(from, 0, steps, to, columns);
    }
  }
}

/** The range of |x * w| and of r / step in which float32 is far from overflow and underflow. */
const LEAST: f64 = 7.888609052210118e-31; // 2^-100
const MOST: f64 = 1.2676506002282294e30; // 2^100

/**
 * Quantizes up to `rows` rows from row `row` on, which are at `p` as float32. Returns how many: it stops at one that does not fit
 * float32.
 */
function quantizeDirectly(p: usize, row: u32, rows: u32): u32 {
  const size = call.size;
  const scale = <f32>call.scale;
  const w = weightsOf(0, size);
  const absolute = magnitudeBits();
  const bytes = <usize>size << 2;
  let q = call.q + <usize>row * size;
  let scales = call.scales + (<usize>row << 2);
  for (let done: u32 = 0; done < rows; done++, scales += 4, p += bytes, q += size) {
    let low = i64x2.splat(0);
    let high = i64x2.splat(0);
    let top = i64x2.splat(0);
    let at = p;
    let weight = w;
    for (const blocks = p + (<usize>(size & ~15) << 2); at < blocks; at += 64, weight += 64) {
      const a = v128.load(at);
      const b = v128.load(at, 16);
      const c = v128.load(at, 32);
      const d = v128.load(at, 48);
      const sum = squaresOfFour(a, b, c, d);
      low = f64x2.add(low, f64x2.promote_low_f32x4(sum));
      high = f64x2.add(high, promoteHigh(sum));
      const ab = i32x4.max_s(
        v128.and(f32x4.mul(a, v128.load(weight)), absolute),
        v128.and(f32x4.mul(b, v128.load(weight, 16)), absolute),
      );
      const cd = i32x4.max_s(
        v128.and(f32x4.mul(c, v128.load(weight, 32)), absolute),
        v128.and(f32x4.mul(d, v128.load(weight, 48)), absolute),
      );
      top = i32x4.max_s(top, i32x4.max_s(ab, cd));
    }
    const sum = finishSum(low, high, at, size & 15);
    for (let rest = size & 15; rest > 0; rest--, at += 4, weight += 4) {
      top = i32x4.max_s(top, v128.and(f32x4.mul(v128.load32_zero(at), v128.load32_zero(weight)), absolute));
    }
    top = i32x4.max_s(top, v128.shuffle<u64>(top, top, 1, 0));
    const most = <f64>reinterpret<f32>(max(i32x4.extract_lane(top, 0), i32x4.extract_lane(top, 1)));
    const r = call.alpha * rstdOf(sum);
    const step = scale > 0 ? scale : <f32>(most * abs(r) / 127);
    const factor = r / <f64>step;
    const fits = most >= LEAST && most <= MOST && abs(factor) >= LEAST && abs(factor) <= MOST;
    if (!fits || !fitsFloat32(sum, r)) return done;
    store<f32>(scales, step);
    quantizeProducts(p, w, <f32>factor, q, size);
  }
  return rows;
}
