// backward of contiguous rows too long for registers: a block walks its row twice, for the sums and for dx, and takes every so many rows
// of its group. What features add to dgamma and dbeta is kept in the block's own partial row, which sum_partials adds to the others.
//
// The launch's memory is that of backward_rows.cuh.
#pragma once

#include "backward_row.cuh"
#include "rows.cuh"

namespace rmsnorm {

template <class T>
DEVICE void backwardWide(const Args& a) {
  constexpr int N = kVector<T>;
  BlockTeam<false> team(a);
  const std::int64_t group = device::blockIndex() / a.blocks;
  const std::int64_t block = device::blockIndex() % a.blocks;
  const std::int64_t feature0 = group * a.size;
  const std::int64_t features = a.groups * a.size;
  double* gammas = a.scratch + block * features + feature0;
  double* betas = gammas + a.parts * features;
  for (std::int64_t outer = block; outer < a.outer; outer += a.parts) {
    const std::int64_t row = outer * a.groups + group;
    const std::int64_t offset = rowOffset(a, row);
    const auto each = [&](auto visit) {
      for (std::int64_t element = std::int64_t(team.lane()) * N; element < a.size; element += std::int64_t(team.lanes()) * N) {
        const Place place{offset + element, access::left(element, a.size, N)};
        float x[N];
        float dy[N];
        unpack<T>(loadAt<T>(a.x, a, place), x);
        unpack<T>(loadAt<T>(a.dy, a, place), dy);
        visit(element, place, x, dy, weightsOf<N>(a, feature0 + element, place.count));
      }
    };
    double sum = 0;
    double dot = 0;
    each([&](std::int64_t element, Place, const float* x, const float* dy, const Weights<N>& weights) {
      sum = squaresOf<N>(a, x, element, sum);
      dot = productsOf<N>(x, dy, weights.w, dot);
    });
    sum = team.sum(sum);
    dot = team.sum(dot);
    GradientFactor factor = gradientFactorOf(a, row, sum, dot);
    if (!factor.fits) {
      sum = dot = 0;
      each([&](std::int64_t element, Place, const float* x, const float* dy, const Weights<N>& weights) {
        sum = exactSquaresOf<N>(a, x, element, sum);
        dot = exactProductsOf<N>(x, dy, weights.w, dot);
      });
      sum = team.sum(sum);
      dot = team.sum(dot);
      factor = exactGradientFactor(a, row, sum, dot);
    }
    const bool first = outer == block;
    each([&](std::int64_t element, Place place, const float* x, const float* dy, const Weights<N>& weights) {
      const int counted = access::left(element, a.statSize, N);
      float dx[N];
      const Raw dsum = loadDsum<T>(a, place);
      UNROLL for (int i = 0; i < N; i++) {
        dx[i] = gradientOf(a, factor, x[i], dy[i], weights.w[i], i < counted, elementOf<T>(dsum, i));
        if (i >= place.count) continue;
        if (a.dgamma != nullptr) gammas[element + i] = (first ? 0.0 : gammas[element + i]) + shareOf(factor, x[i], dy[i]);
        if (a.dbeta != nullptr) betas[element + i] = (first ? 0.0 : betas[element + i]) + double(dy[i]);
      }
      storeAt<T>(a.dx, a, place, dx);
    });
  }
}

}  // namespace rmsnorm
