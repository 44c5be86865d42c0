// The formulas of backward. With g = dy * w,
//
//     dx = g r - x m (+ dsum), with the middle factor m = f r^3 / alpha^2 * sum(g x) / statSize within the statistic, else 0
//     dgamma = sum of dy x r, dbeta = sum of dy over all rows, in float64
//
// f is the slope factor (statistic.cuh).
#pragma once

#include "operation.cuh"

namespace rmsnorm {

constexpr double kMostMiddle = 8.507059173023462e37;  // 2^126
/** A sum of products below this times size may have lost terms to underflow. */
constexpr double kLeastDot = 7.888609052210118e-31;  // 2^-100

/** What the gradient of a row is made of. */
struct GradientFactor {
  double r;
  double middle;
  /** Whether float32 is enough for all of it. */
  bool fits;
};

DEVICE double middleOf(const Args& a, double rstd, double slope, double dot) {
  const double mean = dot / double(a.statSize);
  return mean == 0.0 || slope == 0.0 ? 0.0 : mean * slope * (a.alpha * rstd * rstd * rstd);
}

/** From the row's sum of squares and its sum of products g x, both taken in float32. */
DEVICE GradientFactor gradientFactorOf(const Args& a, std::int64_t row, double sum, double dot) {
  Factor factor = factorOf(a, sum);
  if (a.rstdIn != nullptr) {
    factor.rstd = double(a.rstdIn[row]);
    factor.r = a.alpha * factor.rstd;
    factor.fits = sumFits(a, sum) && factorFits(factor.r);
  }
  const double slope = slopeOf(a, sum);
  const double middle = middleOf(a, factor.rstd, slope, dot);
  const bool middleFits = slope == 0.0 || (fabs(dot) >= kLeastDot * double(a.size) && fabs(middle) >= kMinNormal &&
                                           fabs(middle) <= kMostMiddle);
  return {factor.r, middle, factor.fits && fabs(dot) <= kMostMiddle && middleFits};
}

/** The same from sums that were taken in float64. */
DEVICE GradientFactor exactGradientFactor(const Args& a, std::int64_t row, double sum, double dot) {
  const double rstd = a.rstdIn != nullptr ? double(a.rstdIn[row]) : exactRstd(a, sum);
  return {a.alpha * rstd, middleOf(a, rstd, slopeOf(a, sum), dot), false};
}

/** The sum of g x over a vector: four products in float32, then in float64. */
template <int N>
DEVICE double productsOf(const float* x, const float* dy, const float* w, double sum) {
  UNROLL for (int i = 0; i < N; i += 4) {
    const float first = fmaf(dy[i] * w[i], x[i], (dy[i + 1] * w[i + 1]) * x[i + 1]);
    const float last = fmaf(dy[i + 2] * w[i + 2], x[i + 2], (dy[i + 3] * w[i + 3]) * x[i + 3]);
    sum += double(first + last);
  }
  return sum;
}

template <int N>
DEVICE double exactProductsOf(const float* x, const float* dy, const float* w, double sum) {
  UNROLL for (int i = 0; i < N; i++) sum += double(dy[i]) * double(w[i]) * double(x[i]);
  return sum;
}

/** A vector of dsum, or zeros, which are not used. */
template <class T>
DEVICE Raw loadDsum(const Args& a, Place place) {
  return a.dsum != nullptr ? loadAt<T>(a.dsum, a, place) : Raw{{0, 0, 0, 0}};
}

/** dx of one element. `counted`: whether it is within the statistic. */
DEVICE float gradientOf(const Args& a, const GradientFactor& factor, float x, float dy, float w, bool counted, float dsum) {
  if (factor.fits) {
    float t = (dy * w) * float(factor.r);
    if (counted) t -= x * float(factor.middle);
    return a.dsum != nullptr ? t + dsum : t;
  }
  double t = times(double(dy) * double(w), factor.r);
  if (counted) t -= times(double(x), factor.middle);
  return float(a.dsum != nullptr ? t + double(dsum) : t);
}

/** What one element adds to dgamma. */
DEVICE double shareOf(const GradientFactor& factor, float x, float dy) {
  if (factor.fits) return double(dy * (x * float(factor.r)));
  return double(dy) * times(double(x), factor.r);
}

}  // namespace rmsnorm
