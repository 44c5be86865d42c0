// backward of contiguous rows that a team holds in registers, EL elements a lane. The grid stays for all rows of its group: a team does
// every so many rows of one group, and keeps what each of its features adds to dgamma and dbeta. At the end these become one partial row
// for each team, which sum_partials adds.
//
// The launch's memory: [a.parts, groups * size] float64 sums for dgamma, then as many for dbeta.
#pragma once

#include "backward_row.cuh"
#include "rows.cuh"

namespace rmsnorm {

template <class T, int EL, class Team>
DEVICE void backwardRows(const Args& a) {
  constexpr int N = kVector<T>;
  constexpr int V = EL / N;
  using Values = Row<T, EL>;
  Team team(a);
  const std::int64_t group = device::blockIndex() / a.blocks;
  const std::int64_t block = device::blockIndex() % a.blocks;
  const std::int64_t first = block * team.count() + team.index();
  const std::int64_t feature0 = group * a.size;
  double gammas[EL];
  double betas[EL];
  UNROLL for (int i = 0; i < EL; i++) gammas[i] = betas[i] = 0;
  float w[EL];
  UNROLL for (int v = 0; v < V; v++) {
    const int element = Values::elementOf(team, v);
    const auto weights = weightsOf<N>(a, feature0 + element, access::left(element, a.size, N));
    UNROLL for (int i = 0; i < N; i++) w[v * N + i] = weights.w[i];
  }
  // All teams of a block take as many turns, as they exchange together.
  for (std::int64_t turn = block * team.count(); turn < a.outer; turn += a.blocks * team.count()) {
    const std::int64_t outer = turn + team.index();
    const bool active = outer < a.outer;
    const std::int64_t row = (active ? outer : 0) * a.groups + group;
    Raw rawX[V];
    Raw rawDy[V];
    UNROLL for (int v = 0; v < V; v++) {
      const Place place = Values::placeOf(a, team, row, active, v);
      rawX[v] = loadAt<T>(a.x, a, place);
      rawDy[v] = loadAt<T>(a.dy, a, place);
    }
    Values x;
    float dy[EL];
    double dot = 0;
    UNROLL for (int v = 0; v < V; v++) {
      unpack<T>(rawX[v], x.values + v * N);
      unpack<T>(rawDy[v], dy + v * N);
      dot = productsOf<N>(x.values + v * N, dy + v * N, w + v * N, dot);
    }
    const double sum = x.squares(a, team);
    dot = team.sum(dot);
    GradientFactor factor = gradientFactorOf(a, row, sum, dot);
    if (team.any(active && !factor.fits)) {
      const double exactSum = x.exactSquares(a, team);
      double exactDot = 0;
      UNROLL for (int v = 0; v < V; v++) exactDot = exactProductsOf<N>(x.values + v * N, dy + v * N, w + v * N, exactDot);
      exactDot = team.sum(exactDot);
      if (!factor.fits) factor = exactGradientFactor(a, row, exactSum, exactDot);
    }
    UNROLL for (int v = 0; v < V; v++) {
      const Place place = Values::placeOf(a, team, row, active, v);
      const int counted = access::left(Values::elementOf(team, v), a.statSize, N);
      float dx[N];
      const Raw dsum = loadDsum<T>(a, place);
      UNROLL for (int i = 0; i < N; i++) {
        const int e = v * N + i;
        dx[i] = gradientOf(a, factor, x.values[e], dy[e], w[e], i < counted, elementOf<T>(dsum, i));
        if (i >= place.count) continue;
        if (a.dgamma != nullptr) gammas[e] += shareOf(factor, x.values[e], dy[e]);
        if (a.dbeta != nullptr) betas[e] += double(dy[e]);
      }
      storeAt<T>(a.dx, a, place, dx);
    }
  }
  // Teams that had no row.
  if (first >= a.parts) return;
  const std::int64_t features = a.groups * a.size;
  UNROLL for (int v = 0; v < V; v++) {
    const int element = Values::elementOf(team, v);
    const int count = access::left(element, a.size, N);
    UNROLL for (int i = 0; i < N; i++) {
      if (i >= count) continue;
      const std::int64_t at = first * features + feature0 + element + i;
      if (a.dgamma != nullptr) a.scratch[at] = gammas[v * N + i];
      if (a.dbeta != nullptr) a.scratch[a.parts * features + at] = betas[v * N + i];
    }
  }
}

}  // namespace rmsnorm
