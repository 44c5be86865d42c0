// Rows of float16 or bfloat16 with a finite gamma and no beta: two passes over x, nothing in between in memory. A row is
// summed before the one ahead of it is scaled, which fills the wait for the root and the quotient, unless it is long. A beta takes the way
// through scratch memory, at 0.6 to 1.1 of the speed: it is rare beside 16-bit tensors, and a variant of its own would be
// an eighth of the module.

import { splat } from './cells';
import { Float32 } from './dtype';
import {
  ABSOLUTE,
  BELOW_HALF,
  BIAS,
  constant,
  EXPONENT,
  highBFloat16,
  JOIN,
  LEAST,
  lowBFloat16,
  MASK,
  ONE,
  packBFloat16,
  packFloat16,
  raisedFloat16,
  REBIAS,
  SIGNS,
  smallFloat16,
  THIRTEEN,
  TOP,
} from './finite-16';
import { load4, loadPart, store4, storePart } from './lanes';
import { alpha, firstGroup, groups, isPlain, rstd, rstdOf, size, slabs, x, y } from './problem';
import { rowInPieces } from './row-in-pieces';
import { promoteHigh, sumOfSquares } from './sum';
import { weightsOf } from './weights';

/** A sum of squares below this holds no float16 that is NaN or infinite: read as if finite, they are 65536 or more. */
const SPECIAL: f64 = 4294967296;
/** Up to this, r * 2^112 is finite. */
const LARGEST_R: f64 = 32768;
const TWO_112 = reinterpret<f32>((127 + 112) << 23);

/** Rows of so many elements are summed and scaled one by one: two of them leave too little of a first-level cache. */
const LONG: u32 = 2048;

/** As finishSum in sum.ts, up to its last addition, for the dtype's own elements. */
function finishSum16<T>(low: v128, high: v128, p: usize, rest: u32): v128 {
  let squares = i64x2.splat(0);
  for (; rest >= 4; rest -= 4, p += 8) {
    const v = load4<T>(p);
    squares = f32x4.add(squares, f32x4.mul(v, v));
  }
  if (rest) {
    const v = loadPart<T>(p, rest);
    squares = f32x4.add(squares, f32x4.mul(v, v));
  }
  low = f64x2.add(low, f64x2.promote_low_f32x4(squares));
  high = f64x2.add(high, promoteHigh(squares));
  return f64x2.add(low, high);
}

// @ts-ignore: decorator
@inline
function scaled(v: v128, r: v128, w: v128): v128 {
  return f32x4.mul(f32x4.mul(v, r), w);
}

function scaleRest<T>(from: usize, to: usize, w: usize, rest: u32, factor: f32): void {
  const r = splat(factor);
  for (; rest >= 4; rest -= 4, from += 8, to += 8, w += 16) store4<T>(to, scaled(load4<T>(from), r, v128.load(w)));
  if (rest) storePart<T>(to, scaled(loadPart<T>(from, rest), r, loadPart<Float32>(w, rest)), rest);
}

/** Rows of at most PIECE elements, all of which are in the statistic. `values` is scratch memory for the rows that are not plain. */
export function finiteRows16<T>(values: usize): void {
  const rows = slabs;
  const bytes = <usize>size << 1;
  const blocks = <usize>(size & ~15) << 1;
  const rest = size & 15;
  const mask = constant(MASK);
  const rebias = constant(REBIAS);
  const absolute = constant(ABSOLUTE);
  const exponent = constant(EXPONENT);
  const least = constant(LEAST);
  const thirteen = constant(THIRTEEN);
  const join = constant(JOIN);
  const bias = constant(BIAS);
  const top = constant(TOP);
  const signs = constant(SIGNS);
  const one = constant(ONE);
  const belowHalf = constant(BELOW_HALF);
  let from = x;
  let to = y;
  let group = firstGroup;
  let nextSum: f64 = 0;
  const ahead: u32 = size < LONG ? 1 : 0;
  for (let at: u32 = 0; at < rows + ahead; at++) {
    let sum = nextSum;
    let scale = rstdOf(sum);
    if (at < rows) {
      let low = i64x2.splat(0);
      let high = i64x2.splat(0);
      let p = x + at * bytes;
      for (const end = p + blocks; p < end; p += 32) {
        let squares: v128;
        if (isSigned<T>()) {
          const u = v128.load(p);
          const v = v128.load(p, 16);
          squares = sumOfSquares(lowBFloat16(u), highBFloat16(u), lowBFloat16(v), highBFloat16(v));
        } else {
          squares = sumOfSquares(
            f32x4.mul(smallFloat16(p, mask), rebias),
            f32x4.mul(smallFloat16(p + 8, mask), rebias),
            f32x4.mul(smallFloat16(p + 16, mask), rebias),
            f32x4.mul(smallFloat16(p + 24, mask), rebias),
          );
        }
        low = f64x2.add(low, f64x2.promote_low_f32x4(squares));
        high = f64x2.add(high, promoteHigh(squares));
      }
      const both = rest ? finishSum16<T>(low, high, p, rest) : f64x2.add(low, high);
      nextSum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
    }
    if (at < ahead) continue;
    if (!ahead) {
      sum = nextSum;
      scale = rstdOf(sum);
    }
    const row = at - ahead;
    const r = alpha * scale;
    const feature = group * size;
    if (isPlain(sum, r) && (isSigned<T>() || (sum < SPECIAL && abs(r) <= LARGEST_R))) {
      const factor = <f32>r;
      let w = weightsOf(feature, size);
      let p = from;
      let q = to;
      if (isSigned<T>()) {
        const f = splat(factor);
        for (const end = p + blocks; p < end; p += 32, q += 32, w += 64) {
          const u = v128.load(p);
          const v = v128.load(p, 16);
          const u0 = scaled(lowBFloat16(u), f, v128.load(w));
          const u1 = scaled(highBFloat16(u), f, v128.load(w, 16));
          v128.store(q, packBFloat16(u0, u1, one, belowHalf));
          const v0 = scaled(lowBFloat16(v), f, v128.load(w, 32));
          const v1 = scaled(highBFloat16(v), f, v128.load(w, 48));
          v128.store(q, packBFloat16(v0, v1, one, belowHalf), 16);
        }
      } else {
        const f = splat(factor * TWO_112);
        for (const end = p + blocks; p < end; p += 16, q += 16, w += 32) {
          const u = scaled(smallFloat16(p, mask), f, v128.load(w));
          const v = scaled(smallFloat16(p + 8, mask), f, v128.load(w, 16));
          const raisedU = raisedFloat16(u, absolute, exponent, least, thirteen, join, bias);
          const raisedV = raisedFloat16(v, absolute, exponent, least, thirteen, join, bias);
          v128.store(q, packFloat16(u, v, raisedU, raisedV, top, signs));
        }
      }
      if (rest) scaleRest<T>(p, q, w, rest, factor);
    } else {
      scale = rowInPieces(from, to, row, feature, values);
    }
    if (rstd) store<f32>(rstd + (<usize>row << 2), <f32>scale);
    from += bytes;
    to += bytes;
    if (++group === groups) group = 0;
  }
}
