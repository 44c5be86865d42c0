// Rows that are not contiguous (inner > 1): neighbouring rows of a slab [size, inner] lie beside each other, so vectors
// run along inner and each lane is a row of its own. A strip of columns is summed and then scaled; it is narrow enough
// to stay in the cache between the two.
//
// Accuracy as in sum.ts: the squares of 4 neighbours in a row are added in float32, all else in float64.

import { has, With, Without } from './dtype';
import { exactRow } from './exact-row';
import { load4, loadPart, round4, store4, storePart } from './lanes';
import { alpha, beta, gamma, groups, inner, isPlain, llama, outer, rstd, rstdOf, scratch, size, statSize, weightOffset, x, y } from './problem';
import { promoteHigh, sumOfSquares } from './sum';

/** Most columns of a strip: their float64 sums stay in the first-level cache. */
const MAX_WIDTH: u32 = 1024;
/** Elements of a strip, about: what is summed is still in a cache when it is scaled. */
const STRIP_ELEMENTS: u32 = 1 << 18;

function widthOf(size: u32, inner: u32): u32 {
  return min(inner, max(64, min(MAX_WIDTH, (STRIP_ELEMENTS / size) & ~15)));
}

/** float64 sums and float32 factors of a strip, each rounded up to whole vectors. */
export function stripBytes(size: u32, inner: u32): u32 {
  return ((widthOf(size, inner) + 3) & ~3) * 12;
}

export function strips<T>(): void {
  if (beta) {
    if (llama) run<T, With, With>();
    else run<T, With, Without>();
  } else {
    if (llama) run<T, Without, With>();
    else run<T, Without, Without>();
  }
}

function run<T, Beta, Llama>(): void {
  const width = widthOf(size, inner);
  const sums = scratch;
  const factors = sums + (((width + 3) & ~3) << 3);
  const stride: usize = inner * sizeof<T>();
  const slab: usize = size * stride;
  const slabs = outer * groups;
  let group: u32 = 0;
  for (let s: u32 = 0; s < slabs; s++) {
    const feature = group * size;
    for (let column: u32 = 0; column < inner; column += width) {
      const columns = min(width, inner - column);
      const offset = s * slab + column * sizeof<T>();
      const from = x + offset;
      const to = y + offset;
      sumColumns<T>(from, stride, columns, sums);

      // Columns that are not plain are done by themselves, and the ones between them together: in place, none twice.
      let done: u32 = 0;
      for (let c: u32 = 0; c < columns; c++) {
        const sum = load<f64>(sums + (<usize>c << 3));
        let scale = rstdOf(sum);
        const r = alpha * scale;
        store<f32>(factors + (<usize>c << 2), <f32>r);
        if (!isPlain(sum, r)) {
          const at = <usize>done * sizeof<T>();
          scaleColumns<T, Beta, Llama>(from + at, to + at, stride, c - done, factors + (<usize>done << 2), feature);
          scale = exactRow<T>(from + <usize>c * sizeof<T>(), to + <usize>c * sizeof<T>(), stride, feature);
          done = c + 1;
        }
        if (rstd) store<f32>(rstd + ((s * inner + column + c) << 2), <f32>scale);
      }
      const at = <usize>done * sizeof<T>();
      scaleColumns<T, Beta, Llama>(from + at, to + at, stride, columns - done, factors + (<usize>done << 2), feature);
    }
    if (++group === groups) group = 0;
  }
}

// @ts-ignore: decorator
@inline
function addTo(sums: usize, squares: v128): void {
  v128.store(sums, f64x2.add(v128.load(sums), f64x2.promote_low_f32x4(squares)));
  v128.store(sums, f64x2.add(v128.load(sums, 16), promoteHigh(squares)), 16);
}

/** Sums of the first statSize squares of each column, as float64. */
function sumColumns<T>(from: usize, stride: usize, columns: u32, sums: usize): void {
  memory.fill(sums, 0, ((columns + 3) & ~3) << 3);
  const part = columns & 3;
  const end = sums + (<usize>(columns - part) << 3);
  let i: u32 = 0;
  for (; i + 4 <= statSize; i += 4) {
    let p = from;
    for (let to = sums; to < end; to += 32) {
      const q = p + 2 * stride;
      addTo(to, sumOfSquares(load4<T>(p), load4<T>(p + stride), load4<T>(q), load4<T>(q + stride)));
      p += 4 * sizeof<T>();
    }
    if (part) {
      const q = p + 2 * stride;
      addTo(
        end,
        sumOfSquares(
          loadPart<T>(p, part),
          loadPart<T>(p + stride, part),
          loadPart<T>(q, part),
          loadPart<T>(q + stride, part),
        ),
      );
    }
    from += 4 * stride;
  }
  for (; i < statSize; i++) {
    let p = from;
    for (let to = sums; to < end; to += 32) {
      const v = load4<T>(p);
      addTo(to, f32x4.mul(v, v));
      p += 4 * sizeof<T>();
    }
    if (part) {
      const v = loadPart<T>(p, part);
      addTo(end, f32x4.mul(v, v));
    }
    from += stride;
  }
}

// @ts-ignore: decorator
@inline
function scaled<T, Beta, Llama>(v: v128, r: v128, w: v128, b: v128): v128 {
  let t = f32x4.mul(v, r);
  if (has<Llama>()) t = round4<T>(t);
  t = f32x4.mul(t, w);
  return has<Beta>() ? f32x4.add(t, b) : t;
}

/** All `size` elements of each column times its factor and the feature's weight. */
function scaleColumns<T, Beta, Llama>(from: usize, to: usize, stride: usize, columns: u32, factors: usize, feature: u32): void {
  if (columns === 0) return;
  const part = columns & 3;
  const end = factors + (<usize>(columns - part) << 2);
  for (let i: u32 = 0; i < size; i++) {
    const at: usize = (feature + i) << 2;
    const w = f32x4.splat(gamma ? <f32>(weightOffset + <f64>load<f32>(gamma + at)) : 1);
    const b = f32x4.splat(has<Beta>() ? load<f32>(beta + at) : 0);
    let p = from;
    let q = to;
    let r = factors;
    for (; r < end; r += 16) {
      store4<T>(q, scaled<T, Beta, Llama>(load4<T>(p), v128.load(r), w, b));
      p += 4 * sizeof<T>();
      q += 4 * sizeof<T>();
    }
    if (part) storePart<T>(q, scaled<T, Beta, Llama>(loadPart<T>(p, part), v128.load(r), w, b), part);
    from += stride;
    to += stride;
  }
}
