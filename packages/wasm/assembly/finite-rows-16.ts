// Rows of float16 or bfloat16 with a finite gamma and no beta, some rows at a time: all are summed, then come the roots and
// quotients, then all are scaled. Nothing but these lies in memory in between. A beta takes the way through scratch
// memory, at half the speed: it is rare beside 16-bit tensors, and variants of the loops would cost a twentieth of the
// module.

import { copyFew, readable, RESULT } from './cells';
import { BFloat16, FLOAT16, Float16 } from './dtype';
import {
  constant,
  evenBFloat16,
  EXPONENT,
  FROM_EVEN,
  FROM_ODD,
  JOIN,
  LEAST,
  MAGNITUDES,
  ODD,
  ONES,
  packBFloat16,
  raisedFloat16,
  SIGNS,
  THIRTEEN,
} from './finite-16';
import { forgetPacked, largestWeight, packedGroups, packedOf } from './packed-16';
import { alpha, arePlain2, beta, firstGroup, gamma, given, groups, llama, rstd, rstdOf2, scratch, size, slabs, statSize, x, y } from './problem';
import { rowInPieces } from './row-in-pieces';
import { dtype } from './runs';
import { SPECIAL, sumRows16 } from './sum-16';
import { PIECE } from './weights';

/**
 * At a time: so many rows at most, and so many elements, which a first-level cache holds beside their weights. Where it
 * does not hold these, so many that a second-level cache holds.
 */
const ROWS: u32 = 64;
const ELEMENTS: u32 = 4096;
const LONG: u32 = 2048;
const ELEMENTS_OF_LONG: u32 = 32768;
/** Their sums, one more, and their factors. */
const FACTORS: usize = (ROWS + 2) * 8;
export const ROWS_BYTES: u32 = (ROWS + 2) * 12 + 8;

/** With this the factors of float16 rows are multiplied. */
const TWO_65 = reinterpret<f64>(<u64>(1023 + 65) << 52);
/** A square. Magnitudes below are finite as float16. */
const BELOW_OVERFLOW: f64 = 65000 * 65000;

// @ts-ignore: decorator
@inline
function scaled(v: v128, r: v128, w: v128): v128 {
  return f32x4.mul(f32x4.mul(v, r), w);
}

/**
 * The factors of the rows whose sums stand in `own`, and their rstd. False: there is one that is not plain, or, of
 * float16, one that may not be scaled here: an element is special, y may overflow (no |x * r| is above r * sqrt(sum)),
 * or what underflows on the way (see eightFloat16) may not be 0 as a float16.
 */
function factorsOf(own: usize, rows: u32, statistics: usize): bool {
  const half = dtype === FLOAT16;
  const most = min(1e30, BELOW_OVERFLOW / (largestWeight * largestWeight));
  let plain = largestWeight < 1e15;
  // An odd number of rows: the last is computed twice.
  const end = own + (<usize>rows << 3);
  store<f64>(end, load<f64>(end - 8));
  let factors = own + FACTORS;
  for (let p = own; p < end; p += 16, factors += 8) {
    const sums = v128.load(p);
    const rstds = rstdOf2(sums);
    const r = f64x2.mul(rstds, f64x2.splat(alpha));
    plain = plain && arePlain2(sums, r);
    if (half) {
      const fits = v128.and(f64x2.lt(sums, f64x2.splat(SPECIAL)), f64x2.lt(f64x2.mul(sums, f64x2.mul(r, r)), f64x2.splat(most)));
      const inRange = v128.and(f64x2.gt(r, f64x2.splat(0)), f64x2.lt(r, f64x2.splat(1e18)));
      plain = plain && i64x2.all_true(v128.and(fits, inRange));
    }
    v128.store64_lane(factors, f32x4.demote_f64x2_zero(half ? f64x2.mul(r, f64x2.splat(TWO_65)) : r), 0);
    if (statistics) {
      const rounded = f32x4.demote_f64x2_zero(rstds);
      v128.store32_lane(statistics, rounded, 0);
      if (p + 8 < end) v128.store32_lane(statistics, rounded, 1, 4);
      statistics += 8;
    }
  }
  return plain;
}

// @ts-ignore: decorator
@inline
function eightBFloat16(v: v128, f: v128, even: v128, odd: v128, mask: v128, ones: v128): v128 {
  return packBFloat16(scaled(evenBFloat16(v), f, even), scaled(v128.and(v, mask), f, odd), ones);
}

/** x times 2^-112 times r * 2^65 times w * 2^-47 is y times 2^-94, with float32's range below it. */
// @ts-ignore: decorator
@inline
function eightFloat16(
  v: v128,
  f: v128,
  even: v128,
  odd: v128,
  signs: v128,
  magnitudes: v128,
  fromEven: v128,
  fromOdd: v128,
  exponent: v128,
  least: v128,
  thirteen: v128,
  join: v128,
  sign: v128,
): v128 {
  const magnitude = v128.and(v, magnitudes);
  const raised = v128.or(
    raisedFloat16(scaled(i32x4.dot_i16x8_s(magnitude, fromEven), f, even), exponent, least, thirteen, join),
    i32x4.shl(raisedFloat16(scaled(i32x4.dot_i16x8_s(magnitude, fromOdd), f, odd), exponent, least, thirteen, join), 16),
  );
  return v128.xor(raised, v128.xor(v128.and(v, sign), signs));
}

/** `group` is that of the first row, whose packed weights are at `w`; those of the first group are at `table`. */
function scaleRows<T>(p: usize, q: usize, factors: usize, rows: u32, group: u32, w: usize, table: usize): void {
  const mask = constant(isSigned<T>() ? ODD : MAGNITUDES);
  const ones = constant(ONES);
  const fromEven = constant(FROM_EVEN);
  const fromOdd = constant(FROM_ODD);
  const exponent = constant(EXPONENT);
  const least = constant(LEAST);
  const thirteen = constant(THIRTEEN);
  const join = constant(JOIN);
  const sign = constant(SIGNS);
  const count = packedGroups();
  const whole = <usize>(size & ~15) << 1;
  const rest = <usize>(size & 15) << 1;
  for (const last = factors + (<usize>rows << 2); factors < last; factors += 4) {
    const f = v128.load32_splat(factors);
    let from = p;
    let to = q;
    p += whole;
    q += whole;
    let end = p;
    let isRest = false;
    while (true) {
      for (; from < end; from += 32, to += 32, w += isSigned<T>() ? 64 : 96) {
        const u = v128.load(from);
        const v = v128.load(from, 16);
        if (isSigned<T>()) {
          v128.store(to, eightBFloat16(u, f, v128.load(w), v128.load(w, 16), mask, ones));
          v128.store(to, eightBFloat16(v, f, v128.load(w, 32), v128.load(w, 48), mask, ones), 16);
        } else {
          v128.store(
            to,
            eightFloat16(u, f, v128.load(w), v128.load(w, 16), v128.load(w, 32), mask, fromEven, fromOdd, exponent, least, thirteen, join, sign),
          );
          v128.store(
            to,
            eightFloat16(v, f, v128.load(w, 48), v128.load(w, 64), v128.load(w, 80), mask, fromEven, fromOdd, exponent, least, thirteen, join, sign),
            16,
          );
        }
      }
      if (!rest) break;
      if (isRest) {
        copyFew(scratch + RESULT, q, rest);
        break;
      }
      from = readable(p, rest);
      to = scratch + RESULT;
      end = from + 32;
      isRest = true;
    }
    p += rest;
    q += rest;
    if (++group >= count) {
      group = 0;
      w = table;
    }
  }
}

/** `own`: ROWS_BYTES, and packed weights or a row. */
export function rows16At(own: usize): void {
  const table = own + ROWS_BYTES;
  const bytes = <usize>size << 1;
  const fast = size <= PIECE && statSize === size && !beta && !llama && !given;
  const most = !fast || (gamma && packedGroups() < groups) ? 1 : max(1, min(ROWS, (size > LONG ? ELEMENTS_OF_LONG : ELEMENTS) / size));
  let from = x;
  let to = y;
  let group = firstGroup;
  let alone: u32 = 0;
  for (let row: u32 = 0; row < slabs; ) {
    const rows = alone ? 1 : min(most, slabs - row);
    const statistics = rstd ? rstd + (<usize>row << 2) : 0;
    if (fast) sumRows16(from, size, rows, own);
    const w = fast ? packedOf(group, table) : 0;
    if (fast && factorsOf(own, rows, statistics)) {
      const first = gamma ? group : 0;
      if (dtype === FLOAT16) scaleRows<Float16>(from, to, own + FACTORS, rows, first, w, table);
      else scaleRows<BFloat16>(from, to, own + FACTORS, rows, first, w, table);
    } else if (rows > 1) {
      alone = rows;
      continue;
    } else {
      forgetPacked();
      const scale = rowInPieces(from, to, row, group * size, table);
      if (statistics) store<f32>(statistics, <f32>scale);
    }
    if (alone) alone--;
    row += rows;
    from += rows * bytes;
    to += rows * bytes;
    group = (group + rows) % groups;
  }
}
