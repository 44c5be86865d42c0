// backward of contiguous rows that a team holds in registers, EL elements a lane. The grid stays for all rows of its group: a team does
// every so many rows of one group, and keeps what each of its features adds to dgamma and dbeta. At the end the teams of a block add these,
// and store one partial row, or the block's part of one; sum_partials adds the partial rows.
//
// The launch's memory: [a.blocks, groups * size] float64 sums for dgamma, then as many for dbeta.
#pragma once

#include "backward_row.cuh"
#include "rows.cuh"

namespace rmsnorm {

/** What a team's rows add to dgamma, or dbeta. */
template <class T, int EL>
struct Shares {
  using Values = Row<T, EL>;
  double sums[EL];

  DEVICE Shares() {
    UNROLL for (int i = 0; i < EL; i++) sums[i] = 0;
  }

  /** Stores a partial row: the sum of those of all teams of the block. */
  template <class Team>
  DEVICE void store(const Args& a, const Team& team, double* row) const {
    if (team.count() == 1) {
      each(a, team, [&](auto element, double sum) { row[element] = sum; });
      return;
    }
    auto* rows = reinterpret_cast<double*>(device::sharedMemory());
    const int width = team.lanes() * EL;
    device::barrier();
    each(a, team, [&](auto element, double sum) { rows[team.index() * width + element] = sum; });
    device::barrier();
    for (int element = device::threadIndex(); element < a.size; element += device::blockThreads()) {
      double sum = 0;
      for (int i = 0; i < team.count(); i++) sum += rows[i * width + element];
      row[element] = sum;
    }
  }

 private:
  template <class Team, class Visit>
  DEVICE void each(const Args& a, const Team& team, Visit visit) const {
    constexpr int N = Values::N;
    UNROLL for (int v = 0; v < Values::V; v++) {
      const auto element = Values::elementOf(team, v);
      UNROLL for (int i = 0; i < N; i++) {
        if (element + i < a.size) visit(element + i, sums[v * N + i]);
      }
    }
  }
};

/** x and dy of a row. */
template <class T, int EL>
struct Pair {
  using Values = Row<T, EL>;
  Raw x[Values::V];
  Raw dy[Values::V];

  template <class Team>
  DEVICE void load(const Args& a, const Team& team, std::int64_t row, bool active) {
    const auto placeAt = [&](int v) { return Values::placeOf(a, team, row, active, v); };
    fetch<T, Values::V>(a, a.x, placeAt, x);
    fetch<T, Values::V>(a, a.dy, placeAt, dy);
  }
};

/** The factor of a row that a team has, from its own sums. Those that did not fit float32 are taken again in float64. */
template <class T, int EL, class Team>
DEVICE GradientFactor rowFactor(const Args& a, Team& team, std::int64_t row, bool active, const float* x, const float* dy, const float* w) {
  constexpr int N = kVector<T>;
  double sums[2] = {0, 0};
  UNROLL for (int i = 0; i < EL; i += N) {
    sums[0] = squaresOf<N>(a, x + i, Row<T, EL>::elementOf(team, i / N), sums[0]);
    sums[1] = productsOf<N>(x + i, dy + i, w + i, sums[1]);
  }
  team.sum(sums);
  const GradientFactor factor = gradientFactorOf(a, row, sums[0], sums[1]);
  if (!team.any(active && !factor.fits)) return factor;
  sums[0] = sums[1] = 0;
  UNROLL for (int i = 0; i < EL; i += N) {
    sums[0] = exactSquaresOf<N>(a, x + i, Row<T, EL>::elementOf(team, i / N), sums[0]);
    sums[1] = exactProductsOf<N>(x + i, dy + i, w + i, sums[1]);
  }
  team.sum(sums);
  return factor.fits ? factor : exactGradientFactor(a, row, sums[0], sums[1]);
}

template <class T, int EL, class Team>
DEVICE void backwardRows(const Args& a) {
  constexpr int N = kVector<T>;
  constexpr int V = EL / N;
  using Values = Row<T, EL>;
  using Index = typename Team::Index;
  Team team(a);
  const std::int64_t group = team.unit() / a.blocks;
  const std::int64_t feature0 = group * a.size;
  Shares<T, EL> gammas;
  Shares<T, EL> betas;
  float w[EL];
  UNROLL for (int v = 0; v < V; v++) {
    const Index element = Values::elementOf(team, v);
    const auto weights = weightsOf<N>(a, feature0 + element, access::left(element, Index(a.size), N));
    UNROLL for (int i = 0; i < N; i++) w[v * N + i] = weights.w[i];
  }
  const std::int64_t part = team.unit() % a.blocks;
  const std::int64_t stride = a.blocks * team.count();
  std::int64_t outer = part * team.count() + team.index();
  Pair<T, EL> next;
  next.load(a, team, (outer < a.outer ? outer : 0) * a.groups + group, outer < a.outer);
  // All teams of a block take as many turns, as they exchange together.
  for (std::int64_t turn = part * team.count(); turn < a.outer; turn += stride, outer += stride) {
    const bool active = outer < a.outer;
    const std::int64_t row = (active ? outer : 0) * a.groups + group;
    float x[EL];
    float dy[EL];
    const auto placeAt = [&](int v) { return Values::placeOf(a, team, row, active, v); };
    UNROLL for (int v = 0; v < V; v++) {
      unpackAt<T>(placeAt(v), next.x[v], x + v * N);
      unpackAt<T>(placeAt(v), next.dy[v], dy + v * N);
    }
    Raw dsum[V];
    if (a.dsum != nullptr) fetch<T, V>(a, a.dsum, placeAt, dsum);
    // While this row is computed, the next one is on its way.
    const bool more = outer + stride < a.outer;
    next.load(a, team, (more ? outer + stride : 0) * a.groups + group, more);
    // backward_split.cuh has one of its own for blocks that each do a part of a row.
    GradientFactor factor = rowFactor<T, EL>(a, team, row, active, x, dy, w);
    // A team without a row adds nothing, not even a NaN of a given rstd.
    if (!active) factor = {0, 0, true};
    UNROLL for (int v = 0; v < V; v++) {
      const Place place = placeAt(v);
      Gradients<N> g;
      UNROLL for (int i = 0; i < N; i++) {
        g.x[i] = x[v * N + i];
        g.dy[i] = dy[v * N + i];
        g.w[i] = w[v * N + i];
      }
      unpackAt<T>(place, dsum[v], g.dsum);
      UNROLL for (int i = 0; i < N; i++) g.dsum[i] = a.dsum != nullptr ? g.dsum[i] : -0.0f;
      float dx[N];
      const int counted = access::left(Values::elementOf(team, v), Index(a.statSize), N);
      differentiate<N>(a, factor, g, counted, dx, gammas.sums + v * N, betas.sums + v * N);
      storeAt<T>(a.dx, a, place, dx);
    }
  }
  const std::int64_t features = a.groups * a.size;
  double* partials = a.scratch + part * features + feature0;
  if (a.dgamma != nullptr) gammas.store(a, team, partials);
  if (a.dbeta != nullptr) betas.store(a, team, partials + a.blocks * features);
  team.finish();
}

}  // namespace rmsnorm
