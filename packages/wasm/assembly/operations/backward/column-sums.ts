// The sums down the columns of a float32 strip: of products dy * w * x, and of squares. Four neighbours are added in float32.

import { addToSums, squaresOfFour } from '../../rows/sum';

// @ts-ignore: decorator
@inline
function product(x: usize, d: usize, w: v128): v128 {
  return f32x4.mul(f32x4.mul(v128.load(d), w), v128.load(x));
}

/** Adds dy * w * x of `rows` rows to the float64 `dots` of their columns. A row has `width` bytes. */
export function dotColumns(x: usize, d: usize, stride: usize, width: usize, w: usize, rows: u32, dots: usize): void {
  const toD = d - x;
  for (; rows >= 4; rows -= 4, x += 4 * stride, w += 16) {
    const w0 = v128.load32_splat(w);
    const w1 = v128.load32_splat(w, 4);
    const w2 = v128.load32_splat(w, 8);
    const w3 = v128.load32_splat(w, 12);
    let to = dots;
    for (let p = x, end = x + width; p < end; p += 16, to += 32) {
      const p1 = p + stride;
      const p2 = p1 + stride;
      const p3 = p2 + stride;
      const first = f32x4.add(product(p, p + toD, w0), product(p1, p1 + toD, w1));
      addToSums(to, f32x4.add(first, f32x4.add(product(p2, p2 + toD, w2), product(p3, p3 + toD, w3))));
    }
  }
  for (; rows > 0; rows--, x += stride, w += 4) {
    const weight = v128.load32_splat(w);
    let to = dots;
    for (let p = x, end = x + width; p < end; p += 16, to += 32) addToSums(to, product(p, p + toD, weight));
  }
}

/** Adds four rows to both sums in one loop. */
export function sumBothOfFour(x: usize, d: usize, stride: usize, width: usize, w: usize, squares: usize, dots: usize): void {
  const w0 = v128.load32_splat(w);
  const w1 = v128.load32_splat(w, 4);
  const w2 = v128.load32_splat(w, 8);
  const w3 = v128.load32_splat(w, 12);
  const toD = d - x;
  const toDots = dots - squares;
  for (const end = x + width; x < end; x += 16, squares += 32) {
    const p1 = x + stride;
    const p2 = p1 + stride;
    const p3 = p2 + stride;
    const v0 = v128.load(x);
    const v1 = v128.load(p1);
    const v2 = v128.load(p2);
    const v3 = v128.load(p3);
    addToSums(squares, squaresOfFour(v0, v1, v2, v3));
    const first = f32x4.add(f32x4.mul(f32x4.mul(v128.load(x + toD), w0), v0), f32x4.mul(f32x4.mul(v128.load(p1 + toD), w1), v1));
    const last = f32x4.add(f32x4.mul(f32x4.mul(v128.load(p2 + toD), w2), v2), f32x4.mul(f32x4.mul(v128.load(p3 + toD), w3), v3));
    addToSums(squares + toDots, f32x4.add(first, last));
  }
}
