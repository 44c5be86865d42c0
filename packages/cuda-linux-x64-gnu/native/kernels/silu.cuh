// x * silu(z), silu(z) = z / (1 + exp(-z)) = z * e / (1 + e) with e = exp(z) where z is negative.
//
// exp by Cody and Waite's reduction: e = 2^n * exp(f), |f| <= ln(2) / 2, ln(2) in two parts of which the first times n is exact; exp(f) =
// 1 + f + f^2 * q(f), q a minimax polynomial (relative error of exp(f) below 2^-28). Only exp(-|z|) is formed, so that nothing overflows,
// and it is 2^48 times as large until it has been multiplied by z: z * exp(z) stays accurate down to the least normal number.
#pragma once

#include <math.h>

#include "element.cuh"

namespace rmsnorm {

DEVICE float timesSilu(float x, float z) {
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
  const float mantissa = fmaf(f * f, q, f) + 1.0f;
  const float large = floatOfBits(bitsOfFloat(mantissa) + (bitsOfFloat(shifted) << 23));
  const float down = 3.552713678800501e-15f;  // 2^-48
  const float negative = a * large * down;
  const float top = z < negative ? negative : z;  // z where it is positive; a NaN stays
  return x * (top / (1.0f + large * down));
}

}  // namespace rmsnorm
