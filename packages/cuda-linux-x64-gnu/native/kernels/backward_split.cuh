// backward of contiguous rows that no cluster holds, in a.parts parts: one launch takes the two sums of each part of each row, the next adds
// them and does all rows as backward_rows.cuh does, but each block a part of them. x and dy are read twice.
//
// The launch's memory is that of backward_rows.cuh, for both, and then the parts' sums of squares and their sums of products.
#pragma once

#include "backward_rows.cuh"

namespace rmsnorm {

/** A block that does a part of all rows. */
class PartTeam : public BlockTeam<false> {
 public:
  using Index = std::int64_t;

  DEVICE explicit PartTeam(const Args& a) : BlockTeam<false>(a), parts_(a.parts) {}

  DEVICE std::int64_t unit() const { return device::blockIndex() / parts_; }
  DEVICE std::int64_t rank() const { return device::blockIndex() % parts_; }

 private:
  const std::int64_t parts_;
};

/** Where the sum of squares of a row's first part is, and as many elements further its sum of products. */
DEVICE double* partSums(const Args& a, std::int64_t row) { return a.scratch + 2 * a.blocks * a.groups * a.size + row * a.parts; }
DEVICE std::int64_t productsAt(const Args& a) { return a.outer * a.groups * a.parts; }

/** The sums of one part of a row. Those that do not fit float32 are taken in float64, so that the sums of all parts are right. */
template <class T>
DEVICE void backwardSplitSums(const Args& a) {
  constexpr int N = kVector<T>;
  constexpr int EL = kBackwardElements;
  PartTeam team(a);
  const std::int64_t row = team.unit();
  Pair<T, EL> raw;
  raw.load(a, team, row, true);
  float x[EL];
  float dy[EL];
  float w[EL];
  double sums[2] = {0, 0};
  UNROLL for (int i = 0; i < EL; i += N) {
    const std::int64_t element = Row<T, EL>::elementOf(team, i / N);
    const Place place = Row<T, EL>::placeOf(a, team, row, true, i / N);
    unpackAt<T>(place, raw.x[i / N], x + i);
    unpackAt<T>(place, raw.dy[i / N], dy + i);
    const auto weights = weightsOf<N>(a, firstFeature(a, row) + element, access::left(element, a.size, N));
    UNROLL for (int j = 0; j < N; j++) w[i + j] = weights.w[j];
    sums[0] = squaresOf<N>(a, x + i, element, sums[0]);
    sums[1] = productsOf<N>(x + i, dy + i, w + i, sums[1]);
  }
  team.sum(sums);
  if (!isInRange(sums[0], a.chunk) || !dotFits(sums[1], a.chunk)) {
    sums[0] = sums[1] = 0;
    UNROLL for (int i = 0; i < EL; i += N) {
      sums[0] = exactSquaresOf<N>(a, x + i, Row<T, EL>::elementOf(team, i / N), sums[0]);
      sums[1] = exactProductsOf<N>(x + i, dy + i, w + i, sums[1]);
    }
    team.sum(sums);
  }
  if (team.lane() > 0) return;
  double* to = partSums(a, row) + team.rank();
  to[0] = sums[0];
  to[productsAt(a)] = sums[1];
}

/** The factor of a row, from the sums of its parts. */
template <class T, int EL>
DEVICE GradientFactor rowFactor(const Args& a, PartTeam& team, std::int64_t row, bool, const float*, const float*, const float*) {
  const double* from = partSums(a, row);
  double sums[2] = {0, 0};
  for (std::int64_t i = team.lane(); i < a.parts; i += team.lanes()) {
    sums[0] += from[i];
    sums[1] += from[productsAt(a) + i];
  }
  team.sum(sums);
  const GradientFactor factor = gradientFactorOf(a, row, sums[0], sums[1]);
  return factor.fits ? factor : exactGradientFactor(a, row, sums[0], sums[1]);
}

}  // namespace rmsnorm
