#include "choose.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "geometry.h"
#include "kernel_names.h"

namespace rmsnorm {

namespace {

template <class T>
T* pointer(double address) {
  return reinterpret_cast<T*>(std::uintptr_t(address));
}

std::int64_t divideUp(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/** What x is, that of scaleBy's second half too: as all rows of a launch have the same kind. */
Kind kindOf(Op op) {
  switch (op) {
    case Op::forward:
    case Op::sumSquares:
    case Op::scaleBy:
      return Kind::forward;
    case Op::addForward:
      return Kind::add;
    case Op::gatedForward:
      return Kind::gated;
    case Op::forwardQuantized:
      return Kind::quantized;
    case Op::backward:
      return Kind::backward;
  }
  __builtin_unreachable();
}

/** A call with its fields as what they are. */
struct Problem {
  Op op;
  DType dtype;
  Kind kind;
  std::int64_t outer;
  std::int64_t inner;
  std::int64_t rows;
  std::int64_t features;
  std::int64_t size;
  std::int64_t groups;
};

Problem problemOf(const Call& call) {
  Problem p;
  p.op = Op(int(call.op));
  p.dtype = DType(int(call.dtype));
  p.kind = kindOf(p.op);
  p.outer = std::int64_t(call.outer);
  p.inner = std::int64_t(call.inner);
  p.size = std::int64_t(call.size);
  p.groups = std::int64_t(call.groups);
  p.rows = p.outer * p.groups;
  p.features = p.groups * p.size;
  return p;
}

/** Bytes of an element that shared memory holds: x * silu(gate) as float32, all else in the dtype. */
int heldBytes(const Problem& p) { return p.kind == Kind::gated ? 4 : bytesOf(p.dtype); }

/** Whether all these addresses and distances are multiples of 16. */
bool areAligned(std::initializer_list<std::uint64_t> numbers) {
  std::uint64_t bits = 0;
  for (const std::uint64_t number : numbers) bits |= number;
  return bits % 16 == 0;
}

Args argsOf(const Call& c, const Problem& p) {
  Args a{};
  a.x = pointer<void>(c.x);
  a.residual = pointer<void>(c.residual);
  a.gate = pointer<void>(c.gate);
  a.dy = pointer<void>(c.dy);
  a.dsum = pointer<void>(c.dsum);
  a.gamma = pointer<float>(c.gamma);
  a.beta = pointer<float>(c.beta);
  a.rstdIn = pointer<float>(c.rstdIn);
  a.sumsIn = pointer<float>(c.sumsIn);
  a.y = pointer<void>(c.y);
  a.sum = pointer<void>(c.sum);
  a.dx = pointer<void>(c.dx);
  a.rstd = pointer<float>(c.rstd);
  a.sums = pointer<float>(c.sums);
  a.dgamma = pointer<float>(c.dgamma);
  a.dbeta = pointer<float>(c.dbeta);
  a.q = pointer<std::int8_t>(c.q);
  a.scales = pointer<float>(c.scales);
  a.outer = p.outer;
  a.inner = p.inner;
  a.groups = p.groups;
  a.size = p.size;
  a.statSize = std::int64_t(c.statSize);
  a.numerator = c.numerator;
  a.sumFactor = c.sumFactor;
  a.epsUnderRoot = c.epsUnderRoot;
  a.mostRstd = c.leastNorm > 0 ? c.numerator / c.leastNorm : INFINITY;
  a.clampedNorm = c.clampedNorm;
  // A sum that is a result is exact whatever eps is.
  a.leastSum = p.op == Op::sumSquares ? kLeastSum * double(p.size) : c.leastSum;
  a.alpha = c.alpha;
  a.weightOffset = float(c.weightOffset);
  a.weightOffsetRest = std::isfinite(a.weightOffset) ? float(c.weightOffset - double(a.weightOffset)) : 0.0f;
  a.scale = c.hasScale != 0 ? float(c.scale) : 0.0f;
  a.llama = c.llama != 0;
  a.normBeforeGate = c.normBeforeGate != 0;
  const auto bytes = std::uint64_t(bytesOf(p.dtype));
  const auto u = [](double address) { return std::uint64_t(address); };
  // As many int8 as there are elements in 16 bytes.
  const std::uint64_t q = u(c.q) * bytes;
  const std::uint64_t distance = p.inner > 1 ? std::uint64_t(p.inner) * bytes : p.rows > 1 ? std::uint64_t(p.size) * bytes : 0;
  a.aligned = areAligned({u(c.x), u(c.residual), u(c.gate), u(c.dy), u(c.dsum), u(c.y), u(c.sum), u(c.dx), q, distance});
  a.weightsAligned = areAligned({u(c.gamma), u(c.beta), p.groups > 1 ? std::uint64_t(p.size) * 4 : 0});
  return a;
}

/** The width of a grid of more blocks: a driver takes 2^31 - 1, and clusters must not be cut. */
constexpr std::int64_t kGridWidth = std::int64_t(1) << 30;

void add(Plan& plan, const char* kernel, std::int64_t blocks, int threads, int shared, int cluster, const Args& args) {
  const std::int64_t gridX = std::min(blocks, kGridWidth);
  Launch& launch = plan.launches[plan.count++];
  launch = {kernel, unsigned(gridX), unsigned(divideUp(blocks, gridX)), unsigned(threads), unsigned(shared), unsigned(cluster), args};
  launch.args.grid = blocks;
}

void planSplit(Plan& plan, const Problem& p, const RowGeometry& g, Args a) {
  a.chunk = g.chunk;
  a.parts = divideUp(p.size, g.chunk);
  const std::int64_t blocks = p.rows * a.parts;
  const auto launch = [&](Kind kind, Step step) {
    add(plan, kernelName(kind, step, p.dtype), blocks, g.lanes, kExchangeBytes, 1, a);
  };
  plan.scratchBytes = std::size_t(blocks) * 8;
  // What is normalized before it is gated, or quantized, is summed as in forward.
  const bool asForward = p.kind == Kind::quantized || (p.kind == Kind::gated && a.normBeforeGate != 0);
  if (p.op != Op::scaleBy) launch(asForward ? Kind::forward : p.kind, Step::splitSums);
  switch (p.kind) {
    case Kind::add:
      a.x = a.sum;
      launch(Kind::forward, Step::splitScale);
      return;
    case Kind::quantized:
      plan.scratchBytes *= 2;
      launch(p.kind, Step::splitLargest);
      launch(p.kind, Step::splitScale);
      return;
    case Kind::forward:
    case Kind::gated:
      launch(p.kind, Step::splitScale);
      return;
    case Kind::backward:
      break;
  }
  __builtin_unreachable();
}

void planRows(Plan& plan, const Problem& p, const Device& device, Args a) {
  const RowGeometry g = rowGeometry(p.size, p.dtype, heldBytes(p), device);
  // Quantized rows that share a scale are done by one team.
  const std::int64_t units = p.kind == Kind::quantized ? p.outer : p.rows;
  a.lanes = g.lanes;
  switch (g.team) {
    case Team::small:
    case Team::warp: {
      const Step step = g.team == Team::small ? Step::small : Step::warp;
      add(plan, kernelName(p.kind, step, p.dtype), divideUp(units, kSmallThreads / g.lanes), kSmallThreads, 0, 1, a);
      return;
    }
    case Team::block:
      add(plan, kernelName(p.kind, Step::block, p.dtype), units, g.lanes, kExchangeBytes, 1, a);
      return;
    case Team::wide:
      a.chunk = g.chunk;
      add(plan, kernelName(p.kind, Step::wide, p.dtype), units * g.cluster, g.lanes, kExchangeBytes + g.chunk * heldBytes(p), g.cluster, a);
      return;
    case Team::split:
      planSplit(plan, p, g, a);
      return;
  }
}

/** The threads of a block of columns. */
struct ColumnGeometry {
  Step step;
  int vector;
  int lanes;
  int slabs;
  std::int64_t tiles;
  int threads() const { return slabs * lanes * kDepth; }
  int columns() const { return slabs * lanes * vector; }
};

ColumnGeometry columnGeometry(const Problem& p, const Args& a, std::int64_t positions) {
  ColumnGeometry g;
  const bool vectors = a.aligned != 0;
  g.step = vectors ? Step::vectors : Step::columns;
  g.vector = vectors ? 16 / bytesOf(p.dtype) : 1;
  g.lanes = powerOfTwo(divideUp(p.inner, g.vector), vectors ? kVectorThreads / kDepth : 32);
  const int most = std::max(1, kVectorThreads / (g.lanes * kDepth));
  g.slabs = powerOfTwo(positions, most);
  g.tiles = divideUp(p.inner, std::int64_t(g.lanes) * g.vector);
  return g;
}

/** Shared memory of a block of columns that lets two share a multiprocessor, so that one loads while the other stores. */
constexpr std::int64_t kComfortable = 100 * 1024;

/** Makes tiles narrower, but not than 64 bytes, until what a block holds is comfortable. `bytesPerColumn` is what each of its columns takes. */
void narrow(ColumnGeometry& g, const Problem& p, std::int64_t bytesPerColumn) {
  while (g.slabs > 1 && g.columns() * bytesPerColumn > kComfortable) g.slabs /= 2;
  while (g.lanes * g.vector * bytesOf(p.dtype) > 64 && g.columns() * bytesPerColumn > kComfortable) g.lanes /= 2;
  g.tiles = divideUp(p.inner, std::int64_t(g.lanes) * g.vector);
}

void planColumns(Plan& plan, const Problem& p, const Device& device, Args a) {
  const std::int64_t positions = p.kind == Kind::quantized ? p.outer : p.rows;
  ColumnGeometry g = columnGeometry(p, a, positions);
  narrow(g, p, kDepth * 8 + p.size * heldBytes(p));
  a.lanes = g.lanes;
  a.slabs = g.slabs;
  const int sums = g.columns() * kDepth * 8;
  const std::int64_t tile = p.size * g.columns() * heldBytes(p);
  a.held = sums + tile <= device.sharedPerBlock;
  add(plan, kernelName(p.kind, g.step, p.dtype), divideUp(positions, g.slabs) * g.tiles, g.threads(), sums + (a.held ? int(tile) : 0), 1, a);
}

/** Reserves memory for partial rows, and adds them, where there are any. */
void planPartials(Plan& plan, const Problem& p, Args a) {
  if (a.dgamma == nullptr && a.dbeta == nullptr) return;
  plan.scratchBytes = std::max(plan.scratchBytes, std::size_t(a.blocks) * std::size_t(p.features) * (a.dbeta == nullptr ? 8 : 16));
  a.parts = a.blocks;
  add(plan, "sum_partials", divideUp(p.features, 32), kSumThreads, kSumThreads * 8, 1, a);
}

/** The most bytes of partial rows. */
constexpr std::int64_t kMostPartials = std::int64_t(1) << 28;

/**
 * How many blocks of so many threads a group has, which stay until its `work` is done: as many as the device's registers hold at once, but
 * no more than there is work. Where `sharers` blocks do a row together, how many such sets; those of a cluster are within 16
 * multiprocessors, the least that such a part of a device has.
 */
std::int64_t stayingBlocks(const Problem& p, const Device& device, int threads, std::int64_t sharers, std::int64_t work) {
  const int whole = sharers > 1 && device.multiprocessors >= 16 ? device.multiprocessors / 16 * 16 : device.multiprocessors;
  const std::int64_t blocks = std::int64_t(whole) * std::max(1, kBlockThreads / threads);
  return std::min(std::max<std::int64_t>(1, blocks / (p.groups * sharers)), work);
}

void planBackwardColumns(Plan& plan, const Problem& p, const Device& device, Args a) {
  ColumnGeometry g = columnGeometry(p, a, p.outer);
  // What features add to dgamma and dbeta, for each slab of a block; else one slab, whose partial row is its memory.
  const auto shares = [&] { return std::int64_t(g.slabs) * p.size * 16; };
  const auto sums = [&] { return std::int64_t(g.columns()) * kDepth * 8; };
  narrow(g, p, kDepth * 8 + 2 * p.size * bytesOf(p.dtype));
  while (g.slabs > 1 && sums() + shares() > device.sharedPerBlock) g.slabs /= 2;
  std::int64_t shared = sums();
  a.sharesHeld = shared + shares() <= device.sharedPerBlock;
  if (a.sharesHeld) shared += shares();
  const std::int64_t tile = 2 * p.size * g.columns() * bytesOf(p.dtype);
  a.held = shared + tile <= device.sharedPerBlock;
  if (a.held) shared += tile;
  a.lanes = g.lanes;
  a.slabs = g.slabs;
  a.blocks = stayingBlocks(p, device, g.threads(), 1, divideUp(p.outer, g.slabs) * g.tiles);
  // Partial rows of very many features would take more memory than x.
  a.blocks = std::min(a.blocks, std::max<std::int64_t>(1, kMostPartials / (p.features * 16)));
  add(plan, kernelName(p.kind, g.step, p.dtype), a.blocks * p.groups, g.threads(), int(shared), 1, a);
  planPartials(plan, p, a);
}

void planBackwardSplit(Plan& plan, const Problem& p, const Device& device, const RowGeometry& g, Args a) {
  a.chunk = g.chunk;
  a.parts = divideUp(p.size, g.chunk);
  a.blocks = stayingBlocks(p, device, g.lanes, a.parts, p.outer);
  plan.scratchBytes = std::size_t(2 * (a.blocks * p.features + p.rows * a.parts)) * 8;
  const auto launch = [&](Step step, std::int64_t blocks) {
    add(plan, kernelName(p.kind, step, p.dtype), blocks, g.lanes, kExchangeBytes, 1, a);
  };
  launch(Step::splitSums, p.rows * a.parts);
  launch(Step::splitScale, a.blocks * p.groups * a.parts);
  planPartials(plan, p, a);
}

void planBackwardRows(Plan& plan, const Problem& p, const Device& device, Args a) {
  const RowGeometry g = backwardGeometry(p.size, device);
  a.lanes = g.lanes;
  switch (g.team) {
    case Team::small:
    case Team::warp: {
      const int teams = kSmallThreads / g.lanes;
      a.blocks = stayingBlocks(p, device, kSmallThreads, 1, divideUp(p.outer, teams));
      add(plan, kernelName(p.kind, Step::small, p.dtype), a.blocks * p.groups, kSmallThreads, kSmallThreads * kBackwardElements * 8, 1, a);
      break;
    }
    case Team::block:
      a.blocks = stayingBlocks(p, device, g.lanes, 1, p.outer);
      add(plan, kernelName(p.kind, Step::block, p.dtype), a.blocks * p.groups, g.lanes, kExchangeBytes, 1, a);
      break;
    case Team::wide:
      a.blocks = stayingBlocks(p, device, g.lanes, g.cluster, p.outer);
      add(plan, kernelName(p.kind, Step::wide, p.dtype), a.blocks * p.groups * g.cluster, g.lanes, kExchangeBytes, g.cluster, a);
      break;
    case Team::split:
      planBackwardSplit(plan, p, device, g, a);
      return;
  }
  planPartials(plan, p, a);
}

}  // namespace

Plan choose(const Call& call, const Device& device) {
  const Problem p = problemOf(call);
  const Args args = argsOf(call, p);
  Plan plan;
  if (p.kind == Kind::backward && p.inner > 1) planBackwardColumns(plan, p, device, args);
  else if (p.kind == Kind::backward) planBackwardRows(plan, p, device, args);
  else if (p.inner > 1) planColumns(plan, p, device, args);
  else planRows(plan, p, device, args);
  return plan;
}

}  // namespace rmsnorm
