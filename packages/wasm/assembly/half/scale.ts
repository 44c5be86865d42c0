// y = x * r * w along contiguous rows of float16 or bfloat16 without a NaN or an infinity, where no float16 overflows.

import { call } from '../call';
import { DType } from '../descriptor';
import { BFloat16, Float16, isBFloat16 } from '../elements/generic';
import { copyFew, readable, RESULT } from '../elements/spill';
import { constant, EXPONENT, FROM_EVEN, FROM_ODD, JOIN, LEAST, MAGNITUDES, ODD, ONES, SIGNS, THIRTEEN } from './constants';
import { evenBFloat16, packBFloat16, raisedFloat16 } from './finite';
import { packedGroups } from './packed-weights';

// @ts-ignore: decorator
@inline
function scaled(v: v128, r: v128, w: v128): v128 {
  return f32x4.mul(f32x4.mul(v, r), w);
}

/** Eight elements times their factor and their weights. */
// @ts-ignore: decorator
@inline
function eightBFloat16(v: v128, f: v128, even: v128, odd: v128, mask: v128, ones: v128): v128 {
  return packBFloat16(scaled(evenBFloat16(v), f, even), scaled(v128.and(v, mask), f, odd), ones);
}

/** The same. x * 2^-112 * (r * 2^65) * (w * 2^-47) is y * 2^-94, so that subnormal float16 are normal float32. */
// @ts-ignore: decorator
@inline
function eightFloat16(
  v: v128, f: v128, even: v128, odd: v128, signs: v128, magnitudes: v128, fromEven: v128, fromOdd: v128,
  exponent: v128, least: v128, thirteen: v128, join: v128, sign: v128,
): v128 {
  const magnitude = v128.and(v, magnitudes);
  const raised = v128.or(
    raisedFloat16(scaled(i32x4.dot_i16x8_s(magnitude, fromEven), f, even), exponent, least, thirteen, join),
    i32x4.shl(raisedFloat16(scaled(i32x4.dot_i16x8_s(magnitude, fromOdd), f, odd), exponent, least, thirteen, join), 16),
  );
  return v128.xor(raised, v128.xor(v128.and(v, sign), signs));
}

function scaleRows<T>(p: usize, q: usize, factors: usize, rows: u32, group: u32, w: usize, table: usize): void {
  const mask = constant(isBFloat16<T>() ? ODD : MAGNITUDES);
  const ones = constant(ONES);
  const fromEven = constant(FROM_EVEN);
  const fromOdd = constant(FROM_ODD);
  const exponent = constant(EXPONENT);
  const least = constant(LEAST);
  const thirteen = constant(THIRTEEN);
  const join = constant(JOIN);
  const sign = constant(SIGNS);
  const count = packedGroups();
  const size = call.size;
  const result = call.scratch + RESULT;
  const whole = <usize>(size & ~15) << 1;
  const rest = <usize>(size & 15) << 1;
  const step: usize = isBFloat16<T>() ? 64 : 96;
  for (const last = factors + (<usize>rows << 2); factors < last; factors += 4) {
    const f = v128.load32_splat(factors);
    let from = p;
    let to = q;
    p += whole;
    q += whole;
    let end = p;
    let isRest = false;
    // First whole blocks of 16; then the last 1 to 15, whose results are copied from scratch memory.
    while (true) {
      for (; from < end; from += 32, to += 32, w += step) {
        const u = v128.load(from);
        const v = v128.load(from, 16);
        if (isBFloat16<T>()) {
          v128.store(to, eightBFloat16(u, f, v128.load(w), v128.load(w, 16), mask, ones));
          v128.store(to, eightBFloat16(v, f, v128.load(w, 32), v128.load(w, 48), mask, ones), 16);
        } else {
          const a = eightFloat16(
            u, f, v128.load(w), v128.load(w, 16), v128.load(w, 32), mask, fromEven, fromOdd, exponent, least, thirteen, join, sign,
          );
          v128.store(to, a);
          const b = eightFloat16(
            v, f, v128.load(w, 48), v128.load(w, 64), v128.load(w, 80), mask, fromEven, fromOdd, exponent, least, thirteen, join, sign,
          );
          v128.store(to, b, 16);
        }
      }
      if (!rest) break;
      if (isRest) {
        copyFew(result, q, rest);
        break;
      }
      from = readable(p, rest);
      to = result;
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

/**
 * Scales `rows` rows from `p` to `q`. Their float32 factors, of float16 rows times 2^65, begin at `factors`. The first row is of group
 * `group`; its packed weights are at `w`, those of group 0 at `table`.
 */
export function scaleRows16(p: usize, q: usize, factors: usize, rows: u32, group: u32, w: usize, table: usize): void {
  if (call.dtype === DType.float16) scaleRows<Float16>(p, q, factors, rows, group, w, table);
  else scaleRows<BFloat16>(p, q, factors, rows, group, w, table);
}
