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

/** Whether float32 was enough for a sum of `size` products: none overflowed, and none was lost to underflow. */
DEVICE bool dotFits(double dot, std::int64_t size) { return fabs(dot) >= kLeastDot * double(size) && fabs(dot) <= kMostMiddle; }

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
  const bool middleFits = slope == 0.0 ? fabs(dot) <= kMostMiddle
                                       : dotFits(dot, a.size) && fabs(middle) >= kMinNormal && fabs(middle) <= kMostMiddle;
  return {factor.r, middle, factor.fits && middleFits};
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

/** N elements of a row as backward takes them. */
template <int N>
struct Gradients {
  float x[N];
  float dy[N];
  float w[N];
  /** -0 where there is none, which changes nothing. */
  float dsum[N];
};

/** dx of one element, where float32 is enough. `counted`: whether it is within the statistic. */
DEVICE float gradientOf(float r, float middle, float x, float dy, float w, bool counted, float dsum) {
  return ((dy * w) * r - (counted ? x * middle : 0.0f)) + dsum;
}

DEVICE float exactGradientOf(const GradientFactor& factor, float x, float dy, float w, bool counted, float dsum) {
  const double t = times(double(dy) * double(w), factor.r);
  return float((counted ? t - times(double(x), factor.middle) : t) + double(dsum));
}

/** What one element adds to dgamma. */
DEVICE double shareOf(float r, float x, float dy) { return double(dy * (x * r)); }
DEVICE double exactShareOf(double r, float x, float dy) { return double(dy) * times(double(x), r); }

/** dx of N elements of a row, of which the first `counted` are within the statistic; adds what they add to dgamma and dbeta. */
template <int N>
DEVICE void differentiate(const Args& a, const GradientFactor& factor, Gradients<N> g, int counted, float* dx, double* gammas, double* betas) {
  if (a.dbeta != nullptr) {
    UNROLL for (int i = 0; i < N; i++) betas[i] += double(g.dy[i]);
  }
  if (factor.fits) {
    const float r = float(factor.r);
    const float middle = float(factor.middle);
    UNROLL for (int i = 0; i < N; i++) dx[i] = gradientOf(r, middle, g.x[i], g.dy[i], g.w[i], i < counted, g.dsum[i]);
    if (a.dgamma == nullptr) return;
    UNROLL for (int i = 0; i < N; i++) gammas[i] += shareOf(r, g.x[i], g.dy[i]);
    return;
  }
  ROLLED for (int i = 0; i < N; i++) {
    dx[0] = exactGradientOf(factor, g.x[0], g.dy[0], g.w[0], i < counted, g.dsum[0]);
    gammas[0] += exactShareOf(factor.r, g.x[0], g.dy[0]);
    rotate<N>(g.x);
    rotate<N>(g.dy);
    rotate<N>(g.w);
    rotate<N>(g.dsum);
    rotate<N>(dx);
    rotate<N>(gammas);
  }
}

}  // namespace rmsnorm
