// Contiguous rows (inner = 1) that a team holds in registers: EL elements a lane. x is read once, y written once.
#pragma once

#include "operation.cuh"
#include "quantize.cuh"
#include "team.cuh"

namespace rmsnorm {

/** The first element of a row, counted from the tensor's start. All kernels ask here. */
DEVICE std::int64_t rowOffset(const Args& a, std::int64_t row) { return row * a.size; }

/** A row in registers. */
template <class T, int EL>
struct Row {
  static constexpr int N = kVector<T>;
  static constexpr int V = EL / N;
  float values[EL];
  /** silu of the gates, in gatedForward. */
  float gates[EL];

  /** Vector v of a lane begins at this element of its row: neighbouring lanes have neighbouring vectors, and blocks neighbouring parts. */
  template <class Team>
  static DEVICE typename Team::Index elementOf(const Team& team, int v) {
    return ((typename Team::Index(team.rank()) * V + v) * team.lanes() + team.lane()) * N;
  }

  template <class Team>
  static DEVICE Place placeOf(const Args& a, const Team& team, std::int64_t row, bool active, int v) {
    return rmsnorm::placeOf<N>(rowOffset(a, row), elementOf(team, v), typename Team::Index(active ? a.size : 0), team.lane(), team.lanes());
  }

  /** Loads the row, zeros beyond its end; addForward writes the sum. */
  template <Kind K, class Team>
  DEVICE void enter(const Args& a, const Team& team, std::int64_t row, bool active) {
    Loaded<V> loaded;
    load<T, K, V>(a, [&](int v) { return placeOf(a, team, row, active, v); }, loaded);
    UNROLL for (int v = 0; v < V; v++) {
      rmsnorm::enter<T, K>(a, placeOf(a, team, row, active, v), loaded.x[v], loaded.second[v], values + v * N,
                           gates + v * N);
    }
  }

  template <class Team>
  DEVICE double squares(const Args& a, Team& team) const {
    double sum = 0;
    UNROLL for (int v = 0; v < V; v++) sum = squaresOf<N>(a, values + v * N, elementOf(team, v), sum);
    return team.sum(sum);
  }

  template <class Team>
  DEVICE double exactSquares(const Args& a, Team& team) const {
    double sum = 0;
    UNROLL for (int v = 0; v < V; v++) sum = exactSquaresOf<N>(a, values + v * N, elementOf(team, v), sum);
    return team.sum(sum);
  }

  /**
   * The row's factor, from its sum of squares: its own, or the one that `given` points to. A sum of its own that did not fit float32 is
   * taken again in float64.
   */
  template <class Team>
  DEVICE Factor factor(const Args& a, Team& team, const float* given, double& sum) const {
    sum = given != nullptr ? double(*given) : squares(a, team);
    Factor factor = factorOf(a, sum);
    if (team.any(!factor.fits)) {
      const double exact = given != nullptr ? sum : exactSquares(a, team);
      if (!factor.fits) {
        sum = exact;
        factor = exactFactor(a, exact);
      }
    }
    return factor;
  }

  template <Kind K, class Team>
  DEVICE void leave(const Args& a, const Team& team, std::int64_t row, bool active, const Factor& factor) {
    const std::int64_t feature = firstFeature(a, row);
    UNROLL for (int v = 0; v < V; v++) {
      rmsnorm::leave<T, K>(a, placeOf(a, team, row, active, v), factor, feature + elementOf(team, v), values + v * N,
                           gates + v * N);
    }
  }
};

/** Each team does one row. */
template <class T, int EL, Kind K, class Team>
DEVICE void rows(const Args& a) {
  Team team(a);
  const std::int64_t row = device::blockIndex() * team.count() + team.index();
  const bool active = row < a.outer * a.groups;
  Row<T, EL> values;
  values.template enter<K>(a, team, active ? row : 0, active);
  double sum;
  const Factor factor = values.factor(a, team, givenSum<K>(a, active ? row : 0), sum);
  if (a.y != nullptr) values.template leave<K>(a, team, active ? row : 0, active, factor);
  if (active && team.lane() == 0) storeStatistics(a, row, factor, sum);
}

/**
 * Each team does one position: a row of each group. They share a scale, so that they are walked twice: for the largest magnitude, then to
 * quantize. The row of a single group stays in registers.
 */
template <class T, int EL, class Team>
DEVICE void quantizedRows(const Args& a) {
  constexpr int N = kVector<T>;
  Team team(a);
  const std::int64_t position = device::blockIndex() * team.count() + team.index();
  const bool active = position < a.outer;
  Row<T, EL> values;
  std::uint32_t largest = 0;
  float scale = a.scale;
  for (int walk = 0; walk < 2; walk++) {
    for (std::int64_t group = 0; group < a.groups; group++) {
      const std::int64_t row = (active ? position : 0) * a.groups + group;
      if (walk == 0 || a.groups > 1) {
        values.template enter<Kind::forward>(a, team, row, active);
        double sum;
        const Factor factor = values.factor(a, team, nullptr, sum);
        UNROLL for (int v = 0; v < EL / N; v++) {
          const Place place = Row<T, EL>::placeOf(a, team, row, active, v);
          const int element = Row<T, EL>::elementOf(team, v);
          normalize<T>(a, factor, weightsOf<N>(a, group * a.size + element, place.count), values.values + v * N);
          if (walk == 0) largest = largestOf<N>(values.values + v * N, place.count, largest);
        }
      }
      if (walk == 0) continue;
      UNROLL for (int v = 0; v < EL / N; v++) {
        const Place place = Row<T, EL>::placeOf(a, team, row, active, v);
        storeQuantized<T>(a, place, values.values + v * N, scale);
      }
    }
    if (walk == 0) scale = scaleOf(a, team.largest(largest));
  }
  if (active && team.lane() == 0) a.scales[position] = scale;
}

}  // namespace rmsnorm
