// Between rows of float16 or bfloat16 and rows of float32: the loops of the 16-bit dtypes.

import { has } from './dtype';
import { anyFloat16, load4, loadPart, pack, round4, store4, storePart } from './lanes';

/** `count` elements to float32. Infinity and NaN stay what they are. */
export function convert<T>(from: usize, to: usize, count: u32): void {
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
function scaled<T, Beta, Llama>(v: v128, r: v128, w: v128, b: v128): v128 {
  let t = f32x4.mul(v, r);
  if (has<Llama>()) t = round4<T>(t);
  t = f32x4.mul(t, w);
  return has<Beta>() ? f32x4.add(t, b) : t;
}

/** y = values * r * w (+ b) along a row: `values`, `w`, `b` are float32 rows. */
export function scaleRow16<T, Beta, Llama>(values: usize, w: usize, b: usize, y: usize, count: u32, factor: f32): void {
  const r = f32x4.splat(factor);
  const zero = i64x2.splat(0);
  const end = values + (<usize>count << 2);
  while (values + 32 <= end) {
    const p = scaled<T, Beta, Llama>(v128.load(values), r, v128.load(w), has<Beta>() ? v128.load(b) : zero);
    const q = scaled<T, Beta, Llama>(v128.load(values, 16), r, v128.load(w, 16), has<Beta>() ? v128.load(b, 16) : zero);
    v128.store(y, pack<T>(p, q));
    values += 32;
    w += 32;
    y += 16;
    if (has<Beta>()) b += 32;
  }
  if (values + 16 <= end) {
    store4<T>(y, scaled<T, Beta, Llama>(v128.load(values), r, v128.load(w), has<Beta>() ? v128.load(b) : zero));
    values += 16;
    w += 16;
    y += 8;
    if (has<Beta>()) b += 16;
  }
  if (values < end) {
    const rest = <u32>(end - values) >> 2;
    const bias = has<Beta>() ? loadPart<f32>(b, rest) : zero;
    storePart<T>(y, scaled<T, Beta, Llama>(loadPart<f32>(values, rest), r, loadPart<f32>(w, rest), bias), rest);
  }
}

/** y = values * factor of the column * w (+ b) of the row: as scaleColumns of columns.ts, from float32 to 16 bits. */
export function scaleColumns16<T, Beta, Llama>(
  values: usize,
  valueStride: usize,
  to: usize,
  stride: usize,
  columns: u32,
  rows: u32,
  factors: usize,
  w: usize,
  b: usize,
): void {
  const pairs = factors + (<usize>(columns & ~7) << 2);
  const rest = columns & 7;
  for (const end = w + (<usize>rows << 2); w < end; w += 4) {
    const weight = v128.load32_splat(w);
    const bias = has<Beta>() ? v128.load32_splat(b) : weight;
    let p = values;
    let q = to;
    let r = factors;
    for (; r < pairs; r += 32, p += 32, q += 16) {
      const low = scaled<T, Beta, Llama>(v128.load(p), v128.load(r), weight, bias);
      const high = scaled<T, Beta, Llama>(v128.load(p, 16), v128.load(r, 16), weight, bias);
      v128.store(q, pack<T>(low, high));
    }
    if (rest >= 4) {
      store4<T>(q, scaled<T, Beta, Llama>(v128.load(p), v128.load(r), weight, bias));
      r += 16;
      p += 16;
      q += 8;
    }
    if (rest & 3) {
      storePart<T>(q, scaled<T, Beta, Llama>(loadPart<f32>(p, rest & 3), loadPart<f32>(r, rest & 3), weight, bias), rest & 3);
    }
    values += valueStride;
    to += stride;
    if (has<Beta>()) b += 4;
  }
}
