// backward of rows that are columns (inner > 1), in the tiles of columns.cuh. A block takes every so many tiles of one group, and keeps
// what its features add to dgamma and dbeta in partial rows of its own, one for each of its slabs, which sum_partials adds.
//
// The launch's memory is that of backward_rows.cuh. x and dy are read twice.
#pragma once

#include "backward_row.cuh"
#include "columns.cuh"

namespace rmsnorm {

template <class T, int VW>
DEVICE void backwardColumns(const Args& a) {
  Tile<T, VW, Kind::forward> tile(a);
  const std::int64_t group = device::blockIndex() / a.blocks;
  const std::int64_t block = device::blockIndex() % a.blocks;
  const std::int64_t feature0 = group * a.size;
  const std::int64_t features = a.groups * a.size;
  const std::int64_t parts = a.parts;
  const std::int64_t part = block * a.slabs + tile.slab();
  double* gammas = a.scratch + part * features + feature0;
  double* betas = gammas + parts * features;
  const std::int64_t turns = (a.outer + a.slabs - 1) / a.slabs * tile.tiles();
  for (std::int64_t turn = block; turn < turns; turn += a.blocks) {
    tile.moveTo(turn, a.outer);
    const bool active = tile.columns() > 0;
    const std::int64_t outer = active ? tile.position() : 0;
    const std::int64_t slab = outer * a.groups + group;
    tile.select(slab);
    double sums[VW];
    double dots[VW];
    double exactSums[VW];
    double exactDots[VW];
    UNROLL for (int i = 0; i < VW; i++) sums[i] = dots[i] = exactSums[i] = exactDots[i] = 0;
    const auto each = [&](auto visit) {
      tile.each([&](std::int64_t feature) {
        const Place place = tile.placeOf(feature);
        float x[VW];
        float dy[VW];
        tile.loadColumns(a.x, place, x);
        tile.loadColumns(a.dy, place, dy);
        visit(feature, place, x, dy, FeatureWeights(a, feature0 + feature).w);
      });
    };
    // Squares and products are rounded to float32 once, and added in float64.
    each([&](std::int64_t feature, Place, const float* x, const float* dy, float w) {
      UNROLL for (int i = 0; i < VW; i++) {
        if (feature < a.statSize) sums[i] += double(x[i] * x[i]);
        dots[i] += double((dy[i] * w) * x[i]);
      }
    });
    tile.addDepths(sums);
    tile.addDepths(dots);
    GradientFactor factors[VW];
    bool fit = true;
    UNROLL for (int i = 0; i < VW; i++) {
      const std::int64_t row = slab * a.inner + (i < tile.columns() ? tile.column() + i : 0);
      factors[i] = gradientFactorOf(a, row, sums[i], dots[i]);
      fit = fit && (i >= tile.columns() || factors[i].fits);
    }
    if (device::anyInBlock(!fit)) {
      each([&](std::int64_t feature, Place, const float* x, const float* dy, float w) {
        UNROLL for (int i = 0; i < VW; i++) {
          if (feature < a.statSize) exactSums[i] += double(x[i]) * double(x[i]);
          exactDots[i] += double(dy[i]) * double(w) * double(x[i]);
        }
      });
      tile.addDepths(exactSums);
      tile.addDepths(exactDots);
      UNROLL for (int i = 0; i < VW; i++) {
        const std::int64_t row = slab * a.inner + (i < tile.columns() ? tile.column() + i : 0);
        if (!factors[i].fits) factors[i] = exactGradientFactor(a, row, exactSums[i], exactDots[i]);
      }
    }
    const bool first = turn == block;
    // All lanes take as many turns, as they exchange together.
    for (std::int64_t feature = tile.depth(); feature < (a.size + kDepth - 1) / kDepth * kDepth; feature += kDepth) {
      const bool within = feature < a.size;
      Place place = tile.placeOf(within ? feature : 0);
      if (!within) place.count = 0;
      float x[VW];
      float dy[VW];
      float dx[VW];
      tile.loadColumns(a.x, place, x);
      tile.loadColumns(a.dy, place, dy);
      const float w = within ? FeatureWeights(a, feature0 + feature).w : 0.0f;
      float dsum[VW] = {};
      if (a.dsum != nullptr) tile.loadColumns(a.dsum, place, dsum);
      double gammaShare = 0;
      double betaShare = 0;
      UNROLL for (int i = 0; i < VW; i++) {
        dx[i] = gradientOf(a, factors[i], x[i], dy[i], w, feature < a.statSize, dsum[i]);
        if (i >= place.count) continue;
        gammaShare += shareOf(factors[i], x[i], dy[i]);
        betaShare += double(dy[i]);
      }
      tile.storeColumns(a.dx, place, dx);
      gammaShare = tile.addLanes(gammaShare);
      betaShare = tile.addLanes(betaShare);
      if (!within || tile.lane() != 0) continue;
      if (a.dgamma != nullptr) gammas[feature] = (first ? 0.0 : gammas[feature]) + gammaShare;
      if (a.dbeta != nullptr) betas[feature] = (first ? 0.0 : betas[feature]) + betaShare;
    }
  }
}

}  // namespace rmsnorm
