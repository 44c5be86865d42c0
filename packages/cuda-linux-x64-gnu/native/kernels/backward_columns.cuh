// backward of rows that are columns (inner > 1), in the tiles of columns.cuh. A block takes every so many tiles of one group, and keeps what
// its features add to dgamma and dbeta; at the end its slabs add these and store one partial row, which sum_partials adds to the others.
//
// Shared memory: that of columns.cuh, whose tile holds x, then dy; then what features add, [slabs, size] for dgamma, then for dbeta. Where
// it does not hold the latter (a.sharesHeld), they are in the block's partial row. The launch's memory is that of backward_rows.cuh.
#pragma once

#include "backward_row.cuh"
#include "columns.cuh"

namespace rmsnorm {

/** x and dy of a tile. */
template <class T, int VW>
class PairTile : public Tile<T, VW, Kind::backward> {
 public:
  using Base = Tile<T, VW, Kind::backward>;
  using Base::Base;

  DEVICE void load(const Args& a, std::int64_t feature, float* x, float* dy) const {
    const Place place = this->placeOf(feature);
    this->loadColumns(a.x, place, x);
    this->loadColumns(a.dy, place, dy);
  }

  DEVICE void hold(const Args& a, std::int64_t feature, const float* x, const float* dy) {
    Base::hold(feature, x);
    Base::hold(a.size + feature, dy);
  }

  /** What was loaded: from shared memory, or from where it came. */
  DEVICE void again(const Args& a, std::int64_t feature, float* x, float* dy) {
    if (a.held) {
      this->take(feature, x);
      this->take(a.size + feature, dy);
    } else {
      load(a, feature, x, dy);
    }
  }

  /** The shared memory after the tile. */
  DEVICE double* beyondTile(const Args& a) const {
    const std::int64_t elements = a.held ? 2 * a.size * a.slabs * a.lanes * VW : 0;
    return reinterpret_cast<double*>(static_cast<typename T::Bits*>(this->beyondSums()) + elements);
  }
};

/** The factors of a thread's columns, from its tile, which is read. The sums are taken in float64: what is to be added has as many. */
template <class T, int VW>
DEVICE void columnFactors(const Args& a, PairTile<T, VW>& tile, std::int64_t slab, std::int64_t feature0, GradientFactor* factors) {
  double sums[VW];
  double dots[VW];
  UNROLL for (int i = 0; i < VW; i++) sums[i] = dots[i] = 0;
  constexpr int AHEAD = 2;
  for (std::int64_t first = tile.depth(); first < a.size; first += AHEAD * kDepth) {
    float x[AHEAD][VW];
    float dy[AHEAD][VW];
    UNROLL for (int j = 0; j < AHEAD; j++) {
      const std::int64_t feature = first + j * kDepth;
      if (feature < a.size) tile.load(a, feature, x[j], dy[j]);
    }
    UNROLL for (int j = 0; j < AHEAD; j++) {
      const std::int64_t feature = first + j * kDepth;
      if (feature >= a.size) continue;
      if (a.held) tile.hold(a, feature, x[j], dy[j]);
      const auto w = double(FeatureWeights(a, feature0 + feature).w);
      UNROLL for (int i = 0; i < VW; i++) {
        const auto value = double(x[j][i]);
        sums[i] = feature < a.statSize ? fma(value, value, sums[i]) : sums[i];
        dots[i] = fma(double(dy[j][i]) * w, value, dots[i]);
      }
    }
  }
  tile.addDepths(sums);
  tile.addDepths(dots);
  UNROLL for (int i = 0; i < VW; i++) {
    const std::int64_t row = slab * a.inner + (i < tile.columns() ? tile.column() + i : 0);
    factors[i] = gradientFactorOf(a, row, sums[i], dots[i]);
    if (!factors[i].fits) factors[i] = exactGradientFactor(a, row, sums[i], dots[i]);
  }
}

/** dx of one feature of a thread's columns; gives what they add to dgamma. `fit`: all factors fit. */
template <int VW>
DEVICE double differentiateColumns(GradientFactor* factors, bool fit, float* x, float* dy, float w, bool counted, float* dsum, int columns,
                                   float* dx) {
  double share = 0;
  if (fit) {
    UNROLL for (int i = 0; i < VW; i++) {
      const float r = float(factors[i].r);
      dx[i] = gradientOf(r, float(factors[i].middle), x[i], dy[i], w, counted, dsum[i]);
      share += i < columns ? shareOf(r, x[i], dy[i]) : 0.0;
    }
    return share;
  }
  ROLLED for (int i = 0; i < VW; i++) {
    const GradientFactor factor = factors[0];
    const float r = float(factor.r);
    dx[0] = factor.fits ? gradientOf(r, float(factor.middle), x[0], dy[0], w, counted, dsum[0])
                        : exactGradientOf(factor, x[0], dy[0], w, counted, dsum[0]);
    const double itsShare = factor.fits ? shareOf(r, x[0], dy[0]) : exactShareOf(factor.r, x[0], dy[0]);
    share += i < columns ? itsShare : 0.0;
    rotate<VW>(factors);
    rotate<VW>(x);
    rotate<VW>(dy);
    rotate<VW>(dsum);
    rotate<VW>(dx);
  }
  return share;
}

/** Adds what the slabs of a block have of each feature. */
DEVICE void addSlabs(const Args& a, const double* shares, double* row) {
  for (std::int64_t feature = device::threadIndex(); feature < a.size; feature += device::blockThreads()) {
    double sum = 0;
    for (int slab = 0; slab < a.slabs; slab++) sum += shares[slab * a.size + feature];
    row[feature] = sum;
  }
}

template <class T, int VW>
DEVICE void backwardColumns(const Args& a) {
  PairTile<T, VW> tile(a);
  const std::int64_t group = device::blockIndex() / a.blocks;
  const std::int64_t block = device::blockIndex() % a.blocks;
  const std::int64_t feature0 = group * a.size;
  const std::int64_t features = a.groups * a.size;
  double* gammaRow = a.scratch + block * features + feature0;
  double* betaRow = gammaRow + a.blocks * features;
  double* gammas = a.sharesHeld ? tile.beyondTile(a) + tile.slab() * a.size : gammaRow;
  double* betas = a.sharesHeld ? gammas + a.slabs * a.size : betaRow;
  const std::int64_t turns = (a.outer + a.slabs - 1) / a.slabs * tile.tiles();
  for (std::int64_t turn = block; turn < turns; turn += a.blocks) {
    tile.moveTo(turn, a.outer);
    const std::int64_t outer = tile.columns() > 0 ? tile.position() : 0;
    const std::int64_t slab = outer * a.groups + group;
    tile.select(slab);
    GradientFactor factors[VW];
    columnFactors(a, tile, slab, feature0, factors);
    const bool fit = allFit<VW>(factors, tile.columns());
    const bool first = turn == block;
    // All lanes take as many turns, as they exchange together.
    for (std::int64_t feature = tile.depth(); feature < (a.size + kDepth - 1) / kDepth * kDepth; feature += kDepth) {
      const bool within = feature < a.size;
      float x[VW] = {};
      float dy[VW] = {};
      float dsum[VW];
      float dx[VW];
      float w = 0;
      Place place = tile.placeOf(within ? feature : 0);
      if (!within) place.count = 0;
      if (within) {
        tile.again(a, feature, x, dy);
        w = FeatureWeights(a, feature0 + feature).w;
      }
      UNROLL for (int i = 0; i < VW; i++) dsum[i] = -0.0f;
      if (a.dsum != nullptr) tile.loadColumns(a.dsum, place, dsum);
      double betaShare = 0;
      UNROLL for (int i = 0; i < VW; i++) betaShare += double(dy[i]);
      double gammaShare = differentiateColumns<VW>(factors, fit, x, dy, w, feature < a.statSize, dsum, place.count, dx);
      tile.storeColumns(a.dx, place, dx);
      if (a.dgamma != nullptr) gammaShare = tile.addLanes(gammaShare);
      if (a.dbeta != nullptr) betaShare = tile.addLanes(betaShare);
      if (!within || tile.lane() != 0) continue;
      if (a.dgamma != nullptr) gammas[feature] = (first ? 0.0 : gammas[feature]) + gammaShare;
      if (a.dbeta != nullptr) betas[feature] = (first ? 0.0 : betas[feature]) + betaShare;
    }
  }
  if (!a.sharesHeld) return;
  device::barrier();
  if (a.dgamma != nullptr) addSlabs(a, tile.beyondTile(a), gammaRow);
  if (a.dbeta != nullptr) addSlabs(a, tile.beyondTile(a) + a.slabs * a.size, betaRow);
}

}  // namespace rmsnorm
