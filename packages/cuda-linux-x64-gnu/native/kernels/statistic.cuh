// The statistic of a row: rstd from the sum of its squares, and r = alpha * rstd, which multiplies its elements. In float64.
//
// One formula serves every epsMode, each with coefficients of its own, which the host makes:
//
//     rstd = min(numerator / sqrt(sum * sumFactor + epsUnderRoot), mostRstd)
//
// Some devices have a 64th as many float64 units as float32 ones, and every lane of a team computes this: so the root comes from float32,
// made exact by a Newton step. Where float32 cannot hold the number under the root, the row is done in float64 (fits is false).
#pragma once

#include <math.h>

#include "element.cuh"

namespace rmsnorm {

constexpr double kMinNormal = 1.1754943508222875e-38;  // 2^-126
constexpr double kMostR = 1.7014118346046923e38;       // 2^127
/** A sum of squares above this may have overflowed in float32. */
constexpr double kMostSum = 8.507059173023462e37;  // 2^126

/** What a row is multiplied by. */
struct Factor {
  double rstd = 0;
  /** alpha * rstd. */
  double r = 0;
  /** Whether x * r is computed in float32: no sum or factor left float32's normal range, and nothing is NaN or infinite. */
  bool fits = true;
};

/** 1 / sqrt(v), to 2^-44, where v as a float32 is a normal number. */
DEVICE double inverseRoot(double v) {
  const double seed = double(1.0f / sqrtf(float(v)));
  return seed * (1.5 - 0.5 * v * seed * seed);
}

/** Whether a sum of squares of `size` elements in float32 neither overflowed nor lost terms, whatever eps is. */
DEVICE bool isInRange(double sum, std::int64_t size) { return sum >= kLeastSum * double(size) && sum <= kMostSum; }

/** Whether float32 was enough for a sum of squares. */
DEVICE bool sumFits(const Args& a, double sum) { return sum >= a.leastSum && sum <= kMostSum; }

DEVICE bool factorFits(double r) {
  const double magnitude = fabs(r);
  return magnitude >= kMinNormal && magnitude <= kMostR;
}

/** The smaller; a NaN stays. */
DEVICE double least(double a, double b) { return b < a ? b : a; }

RARE double quotientOfRoot(double numerator, double v) { return numerator / sqrt(v); }

/** rstd of any sum, in float64 throughout. */
DEVICE double exactRstd(const Args& a, double sum) {
  return least(quotientOfRoot(a.numerator, sum * a.sumFactor + a.epsUnderRoot), a.mostRstd);
}

/** The factor of a row whose sum of squares is accurate although it may not fit float32. */
DEVICE Factor exactFactor(const Args& a, double sum) {
  const double rstd = exactRstd(a, sum);
  return {rstd, a.alpha * rstd, false};
}

/** The factor of a row, from a sum that was taken in float32: `fits` is false where it must be taken again, in float64. */
DEVICE Factor factorOf(const Args& a, double sum) {
  const double v = sum * a.sumFactor + a.epsUnderRoot;
  const double rstd = least(a.numerator * inverseRoot(v), a.mostRstd);
  const double r = a.alpha * rstd;
  return {rstd, r, v >= kMinNormal && v <= kMostSum && sumFits(a, sum) && factorFits(r)};
}

/** 0 where rstd is a constant, as its denominator is; else 1. */
DEVICE double slopeOf(const Args& a, double sum) { return sqrt(sum) <= a.clampedNorm ? 0.0 : 1.0; }

/** a * b, where a zero stays zero although b is infinite: the denominator of r is 0. */
DEVICE double times(double a, double b) { return a == 0.0 && fabs(b) == INFINITY ? a : a * b; }

/** The squares of four elements: three roundings at most. */
DEVICE float squaresOfFour(float a, float b, float c, float d) { return fmaf(a, a, b * b) + fmaf(c, c, d * d); }

}  // namespace rmsnorm
