// x * silu(z), silu(z) = z / (1 + exp(-z)) = z * e / (1 + e) with e = exp(z) where z is negative.
//
// exp by Cody and Waite's reduction: e = 2^n * exp(f), |f| <= ln(2) / 2, ln(2) in two parts of which the first times n is exact; exp(f) =
// 1 + f + f^2 * q(f), q a minimax polynomial (relative error of exp(f) below 2^-28). Only exp(-|z|) is formed, so that nothing overflows,
// and it is 2^48 times as large until it has been multiplied by z: z * exp(z) stays accurate down to the least normal number.
//
// What each step loses by its rounding is carried along and added at the end: the result errs by little more than half an ulp. Where the
// gate comes first the statistic, too, has the error of the largest element; with the roundings left in, rows of two erred by 6.4 ulp.
#pragma once

#include <math.h>

#include "element.cuh"

namespace rmsnorm {

/** silu of a number, and what the former lost to rounding. */
struct Silu {
  float value;
  float lost;

  /** An infinity has lost nothing, and a zero keeps its sign. */
  DEVICE static float sum(float value, float lost) { return value == 0.0f || fabsf(value) > 3.0e38f ? value : value + lost; }

  DEVICE float rounded() const { return sum(value, lost); }

  DEVICE float times(float x) const {
    const float product = x * value;
    return sum(product, fmaf(x, lost, fmaf(x, value, -product)));
  }
};

DEVICE Silu siluOf(float z) {
  const float least = -110.0f;  // -110 * exp(-110) is 0 in float32
  float a = -fabsf(z);
  a = a < least ? least : a;  // a NaN stays
  const float shifted = fmaf(a, 1.4426950408889634f, 12582960.0f);  // 1.5 * 2^23 + 48: leaves n + 48 in the low bits
  const float n = shifted - 12582960.0f;
  const float f = fmaf(-n, -2.12194440054690583e-4f, fmaf(-n, 0.693359375f, a));
  float q = fmaf(0.0013814539415761828f, f, 0.00836874544620514f);
  q = fmaf(q, f, 0.04166838899254799f);
  q = fmaf(q, f, 0.1666652113199234f);
  q = fmaf(q, f, 0.4999999403953552f);
  const float rest = fmaf(f * f, q, f);
  const float mantissa = 1.0f + rest;
  const float mantissaLost = rest - (mantissa - 1.0f);
  const float power = floatOfBits(0x3f800000u + (bitsOfFloat(shifted) << 23));  // 2^(n + 48)
  const float down = 3.552713678800501e-15f;  // 2^-48
  const float large = mantissa * power;
  const float largeLost = mantissaLost * power;
  const float denominator = fmaf(large, down, 1.0f);
  const float denominatorLost = fmaf(largeLost, down, fmaf(large, down, 1.0f - denominator));
  const bool isNegative = z < 0.0f;
  const float product = a * large;
  const float top = isNegative ? product * down : z;  // a NaN stays
  const float topLost = isNegative ? fmaf(a, largeLost, fmaf(a, large, -product)) * down : 0.0f;
  const float quotient = top / denominator;
  const float remainder = fmaf(-quotient, denominatorLost, fmaf(-quotient, denominator, top) + topLost);
  const float inverse = fmaf(-0.5f, denominator, 1.457f);  // of 1 to 2, within 0.05: as good as a correction needs
  return {quotient, inverse * remainder};
}

}  // namespace rmsnorm
