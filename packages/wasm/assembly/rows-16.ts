// float16 and bfloat16 rows that are contiguous (inner = 1): a piece is converted once into a float32 scratch row while
// it is summed, and scaled from there. Rows longer than a piece are converted a second time.

import { CELL_BYTES } from './cells';
import { has, With, Without } from './dtype';
import { exactRow } from './exact-row';
import { anyFloat16, load4, loadPart, pack, round4, store4, storePart } from './lanes';
import { alpha, beta, groups, isPlain, llama, outer, rstd, rstdOf, scratch, size, statSize, weightOffset, x, y } from './problem';
import { sumSquares } from './sum';
import { PIECE, prepareWeights, weightBytes, weightsOf } from './weights';

export function rowBytes(size: u32): u32 {
  return (min(size, PIECE) * 4 + 15) & ~15;
}

export function rows16<T>(): void {
  prepareWeights();
  if (beta) {
    if (llama) run<T, With, With>();
    else run<T, With, Without>();
  } else {
    if (llama) run<T, Without, With>();
    else run<T, Without, Without>();
  }
}

function run<T, Beta, Llama>(): void {
  const bytes = <usize>size << 1;
  const rows = outer * groups;
  const values = scratch + CELL_BYTES + weightBytes(groups * size, size, weightOffset);
  let from = x;
  let to = y;
  let group: u32 = 0;
  for (let row: u32 = 0; row < rows; row++) {
    const feature = group * size;
    let sum: f64 = 0;
    // The last piece first, so that the first one is in scratch at the end.
    for (let at: u32 = ((size - 1) / PIECE) * PIECE; ; at -= PIECE) {
      const count = min(size - at, PIECE);
      convert<T>(from + (<usize>at << 1), values, count);
      if (at < statSize) sum += sumSquares(values, min(statSize - at, PIECE));
      if (at === 0) break;
    }
    let scale = rstdOf(sum);
    const r = alpha * scale;
    if (isPlain(sum, r)) {
      for (let at: u32 = 0; at < size; at += PIECE) {
        const count = min(size - at, PIECE);
        if (at) convert<T>(from + (<usize>at << 1), values, count);
        const w = weightsOf(feature + at, count);
        scaleFrom<T, Beta, Llama>(values, w, beta + (<usize>(feature + at) << 2), to + (<usize>at << 1), count, <f32>r);
      }
    } else {
      scale = exactRow<T>(from, to, 2, feature);
    }
    if (rstd) store<f32>(rstd + (<usize>row << 2), <f32>scale);
    from += bytes;
    to += bytes;
    if (++group === groups) group = 0;
  }
}

function convert<T>(from: usize, to: usize, count: u32): void {
  const end = to + (<usize>count << 2);
  while (to + 32 <= end) {
    const v = v128.load(from);
    if (isSigned<T>()) {
      v128.store(to, v128.shuffle<u16>(i64x2.splat(0), v, 0, 8, 1, 9, 2, 10, 3, 11));
      v128.store(to, v128.shuffle<u16>(i64x2.splat(0), v, 4, 12, 5, 13, 6, 14, 7, 15), 16);
    } else {
      v128.store(to, anyFloat16(i32x4.extend_low_i16x8_s(v)));
      v128.store(to, anyFloat16(i32x4.extend_high_i16x8_s(v)), 16);
    }
    from += 16;
    to += 32;
  }
  if (to + 16 <= end) {
    v128.store(to, load4<T>(from));
    from += 8;
    to += 16;
  }
  if (to < end) storePart<f32>(to, loadPart<T>(from, <u32>(end - to) >> 2), <u32>(end - to) >> 2);
}

// @ts-ignore: decorator
@inline
function scaled<T, Beta, Llama>(v: v128, r: v128, w: v128, b: usize): v128 {
  let t = f32x4.mul(v, r);
  if (has<Llama>()) t = round4<T>(t);
  t = f32x4.mul(t, w);
  return has<Beta>() ? f32x4.add(t, v128.load(b)) : t;
}

function scaleFrom<T, Beta, Llama>(values: usize, w: usize, b: usize, y: usize, count: u32, factor: f32): void {
  const r = f32x4.splat(factor);
  const end = values + (<usize>count << 2);
  while (values + 32 <= end) {
    const p = scaled<T, Beta, Llama>(v128.load(values), r, v128.load(w), b);
    const q = scaled<T, Beta, Llama>(v128.load(values, 16), r, v128.load(w, 16), b + 16);
    v128.store(y, pack<T>(p, q));
    values += 32;
    w += 32;
    y += 16;
    if (has<Beta>()) b += 32;
  }
  if (values + 16 <= end) {
    store4<T>(y, scaled<T, Beta, Llama>(v128.load(values), r, v128.load(w), b));
    values += 16;
    w += 16;
    y += 8;
    if (has<Beta>()) b += 16;
  }
  if (values < end) {
    const rest = <u32>(end - values) >> 2;
    let t = f32x4.mul(loadPart<f32>(values, rest), r);
    if (has<Llama>()) t = round4<T>(t);
    t = f32x4.mul(t, loadPart<f32>(w, rest));
    if (has<Beta>()) t = f32x4.add(t, loadPart<f32>(b, rest));
    storePart<T>(y, t, rest);
  }
}
