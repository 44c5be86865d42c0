// Runs every kernel on the host device, on small problems, and compares with the formula in float64. Not for accuracy, which the
// conformance suite proves, but for what sanitizers see: operands are allocations of their very size, launches are small. Its exit code is
// the number of problems that failed.
//
//     check [--once] [a part of a kernel's name]
//
// --once: only problems that reach a kernel which none before them did.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "../kernels/element.cuh"
#include "../plan/choose.h"
#include "../plan/geometry.h"
#include "../simt/simt.h"

using namespace rmsnorm;

namespace {

struct Problem {
  Op op;
  DType dtype;
  std::int64_t outer;
  int groups;
  int size;
  std::int64_t inner;
  int statSize;
  /** Elements between the start of an allocation and the tensor in it. */
  int shift;
  bool gamma;
  bool beta;
  bool normBeforeGate;
  bool llama;
};

/** A tensor in an allocation of its own, which ends at a multiple of 16 bytes: no allocation of a device ends within them. */
class Operand {
 public:
  Operand(std::int64_t elements, int bytes, int shift)
      : size_((std::size_t(elements + shift) * bytes + 15) / 16 * 16),
        memory_(static_cast<unsigned char*>(std::malloc(size_))),
        at_(memory_ + shift * bytes),
        end_(at_ + elements * bytes) {
    std::memset(memory_, 0xff, size_);
  }
  ~Operand() { std::free(memory_); }
  Operand(const Operand&) = delete;

  template <class V>
  V* as() const {
    return reinterpret_cast<V*>(at_);
  }
  double address() const { return double(reinterpret_cast<std::uintptr_t>(at_)); }

  /** Whether nothing around the tensor was written. */
  bool isAlone() const {
    const auto isUntouched = [](unsigned char byte) { return byte == 0xff; };
    return std::all_of(memory_, at_, isUntouched) && std::all_of(end_, memory_ + size_, isUntouched);
  }

 private:
  std::size_t size_;
  unsigned char* memory_;
  unsigned char* at_;
  unsigned char* end_;
};

std::uint32_t seed = 1;

double random() {
  seed = seed * 1664525 + 1013904223;
  return double(seed) / 4294967296.0 * 4 - 2;
}

double elementOf(const Operand& tensor, DType dtype, std::int64_t i) {
  switch (dtype) {
    case DType::float32:
      return tensor.as<float>()[i];
    case DType::float16:
      return Float16::toFloat(tensor.as<std::uint16_t>()[i]);
    case DType::bfloat16:
      return BFloat16::toFloat(tensor.as<std::uint16_t>()[i]);
  }
  std::abort();
}

void setElement(const Operand& tensor, DType dtype, std::int64_t i, double value) {
  switch (dtype) {
    case DType::float32:
      tensor.as<float>()[i] = float(value);
      return;
    case DType::float16:
      tensor.as<std::uint16_t>()[i] = Float16::fromFloat(float(value));
      return;
    case DType::bfloat16:
      tensor.as<std::uint16_t>()[i] = BFloat16::fromFloat(float(value));
      return;
  }
}

std::set<std::string> reached;
const char* only = "";
bool once = false;

/** The tensors of a problem, and what they should be in the end. */
class Check {
 public:
  explicit Check(const Problem& p)
      : p_(p),
        elements_(p.outer * p.groups * p.size * p.inner),
        rows_(p.outer * p.groups * p.inner),
        features_(std::int64_t(p.groups) * p.size),
        x_(elements_, bytesOf(p.dtype), p.shift),
        second_(elements_, bytesOf(p.dtype), p.shift),
        y_(elements_, bytesOf(p.dtype), p.shift),
        sum_(elements_, bytesOf(p.dtype), p.shift),
        q_(elements_, 1, p.shift),
        gamma_(features_, 4, p.shift),
        beta_(features_, 4, p.shift),
        perRow_(rows_, 4, 0),
        dgamma_(features_, 4, 0),
        dbeta_(features_, 4, 0) {
    for (std::int64_t i = 0; i < elements_; i++) {
      setElement(x_, p.dtype, i, random());
      setElement(second_, p.dtype, i, random());
    }
    for (std::int64_t i = 0; i < features_; i++) {
      gamma_.as<float>()[i] = float(random());
      beta_.as<float>()[i] = float(random());
    }
    if (p.op == Op::scaleBy) {
      for (std::int64_t i = 0; i < rows_; i++) perRow_.as<float>()[i] = float(p.size * (1.5 + random() / 4));
    }
  }

  /** Whether all results are as they should be. Null problems are those of kernels that were not asked for. */
  bool run(const Device& device) {
    Plan plan = choose(call(), device);
    bool asked = false;
    for (int i = 0; i < plan.count; i++) {
      const char* kernel = plan.launches[i].kernel;
      asked = asked || (std::strstr(kernel, only) != nullptr && !(once && reached.count(kernel) > 0));
    }
    if (!asked) return true;
    const std::unique_ptr<double[]> scratch(new double[plan.scratchBytes / 8 + 1]);
    for (int i = 0; i < plan.count; i++) {
      Launch& launch = plan.launches[i];
      launch.args.scratch = plan.scratchBytes > 0 ? scratch.get() : nullptr;
      reached.insert(launch.kernel);
      const bool isAsked = std::strstr(launch.kernel, only) != nullptr;
      const simt::Entry* entry = simt::find(launch.kernel);
      if (entry == nullptr) return failed("there is no kernel", launch.kernel);
      const char* error = simt::run(*entry, launch.gridX, launch.gridY, launch.threads, launch.sharedBytes, launch.cluster, launch.args);
      if (error != nullptr) return failed(error, launch.kernel);
      // What follows was not asked for, and may be large.
      if (once && isAsked && only[0] != 0) return true;
    }
    for (const Operand* result : {&y_, &sum_, &q_, &perRow_, &dgamma_, &dbeta_}) {
      if (!result->isAlone()) return failed("memory around a result was written", plan.launches[0].kernel);
    }
    const char* wrong = p_.op == Op::backward ? gradients() : results();
    return wrong == nullptr || failed(wrong, plan.launches[0].kernel);
  }

 private:
  const Problem p_;
  const std::int64_t elements_, rows_, features_;
  const Operand x_, second_, y_, sum_, q_, gamma_, beta_, perRow_, dgamma_, dbeta_;

  Call call() const {
    Call c{};
    c.op = int(p_.op);
    c.dtype = int(p_.dtype);
    c.outer = double(p_.outer);
    c.groups = p_.groups;
    c.size = p_.size;
    c.inner = double(p_.inner);
    c.statSize = p_.statSize;
    c.numerator = 1;
    c.sumFactor = 1.0 / p_.statSize;
    c.epsUnderRoot = 1e-6;
    c.clampedNorm = -1;
    c.alpha = 1;
    c.llama = p_.llama;
    c.normBeforeGate = p_.normBeforeGate;
    c.x = x_.address();
    if (p_.gamma) c.gamma = gamma_.address();
    if (p_.beta) c.beta = beta_.address();
    switch (p_.op) {
      case Op::forward:
        c.y = y_.address();
        c.rstd = perRow_.address();
        break;
      case Op::addForward:
        c.residual = second_.address();
        c.sum = sum_.address();
        c.y = y_.address();
        break;
      case Op::gatedForward:
        c.gate = second_.address();
        c.y = y_.address();
        break;
      case Op::backward:
        c.dy = second_.address();
        c.dx = y_.address();
        if (p_.gamma) c.dgamma = dgamma_.address();
        if (p_.beta) c.dbeta = dbeta_.address();
        break;
      case Op::sumSquares:
        c.sums = perRow_.address();
        break;
      case Op::scaleBy:
        c.sumsIn = perRow_.address();
        c.y = y_.address();
        break;
      case Op::forwardQuantized:
        c.q = q_.address();
        c.scales = perRow_.address();
        break;
    }
    return c;
  }

  bool failed(const char* why, const char* kernel) const {
    std::printf("%s: %s (op %d, dtype %d, [%ld, %d, %d, %ld], %d in the statistic, shift %d)\n", kernel, why, int(p_.op), int(p_.dtype),
                long(p_.outer), p_.groups, p_.size, long(p_.inner), p_.statSize, p_.shift);
    return false;
  }

  std::int64_t at(std::int64_t slab, int k, std::int64_t i) const { return (slab * p_.size + k) * p_.inner + i; }
  double weight(std::int64_t feature) const { return p_.gamma ? gamma_.as<float>()[feature] : 1.0; }
  static double silu(double z) { return z / (1 + std::exp(-z)); }

  /** What is normalized. */
  double entered(std::int64_t e) const {
    const double x = elementOf(x_, p_.dtype, e);
    const double second = elementOf(second_, p_.dtype, e);
    if (p_.op == Op::addForward) return elementOf(sum_, p_.dtype, e) + 0 * (x + second);
    return p_.op == Op::gatedForward && !p_.normBeforeGate ? x * silu(second) : x;
  }

  bool near(double value, double expected, double magnitude) const {
    const double step = p_.dtype == DType::float32 ? 2e-6 : p_.dtype == DType::float16 ? 2e-3 : 2e-2;
    return std::fabs(value - expected) <= step * (magnitude + 1e-3);
  }

  const char* results() const {
    for (std::int64_t slab = 0; slab < p_.outer * p_.groups; slab++) {
      for (std::int64_t i = 0; i < p_.inner; i++) {
        const std::int64_t row = slab * p_.inner + i;
        double sum = 0;
        for (int k = 0; k < p_.statSize; k++) sum += std::pow(entered(at(slab, k, i)), 2);
        if (p_.op == Op::sumSquares) {
          if (!(std::fabs(perRow_.as<float>()[row] - sum) <= 1e-6 * sum)) return "a sum is wrong";
          continue;
        }
        if (p_.op == Op::scaleBy) sum = perRow_.as<float>()[row];
        const double r = 1 / std::sqrt(sum / p_.statSize + 1e-6);
        if (p_.op == Op::forward && !(std::fabs(perRow_.as<float>()[row] / r - 1) <= 1e-6)) return "an rstd is wrong";
        for (int k = 0; k < p_.size; k++) {
          const std::int64_t e = at(slab, k, i);
          const std::int64_t feature = slab % p_.groups * p_.size + k;
          const double product = entered(e) * r * weight(feature);
          const double b = p_.beta ? beta_.as<float>()[feature] : 0;
          double expected = product + b;
          double magnitude = std::fabs(product) + std::fabs(b);
          if (p_.op == Op::addForward && !near(elementOf(sum_, p_.dtype, e), elementOf(x_, p_.dtype, e) + elementOf(second_, p_.dtype, e), 4)) {
            return "a sum of two elements is wrong";
          }
          if (p_.op == Op::gatedForward && p_.normBeforeGate) {
            const double s = silu(elementOf(second_, p_.dtype, e));
            expected *= s;
            magnitude *= std::fabs(s);
          }
          if (p_.op == Op::forwardQuantized) {
            const double scale = perRow_.as<float>()[slab / p_.groups * p_.inner + i];
            const double q = q_.as<std::int8_t>()[e];
            if (!(std::fabs(q * scale - expected) <= scale * 0.51 + 2e-2 * magnitude * (p_.llama ? 1 : 1e-3))) return "q is wrong";
          } else if (!near(elementOf(y_, p_.dtype, e), expected, magnitude)) {
            return "y is wrong";
          }
        }
      }
    }
    return nullptr;
  }

  const char* gradients() const {
    std::vector<double> dgamma(features_), dbeta(features_), magnitudes(features_);
    for (std::int64_t slab = 0; slab < p_.outer * p_.groups; slab++) {
      for (std::int64_t i = 0; i < p_.inner; i++) {
        double sum = 0;
        double dot = 0;
        for (int k = 0; k < p_.size; k++) {
          const std::int64_t e = at(slab, k, i);
          const double x = elementOf(x_, p_.dtype, e);
          if (k < p_.statSize) sum += x * x;
          dot += elementOf(second_, p_.dtype, e) * weight(slab % p_.groups * p_.size + k) * x;
        }
        const double r = 1 / std::sqrt(sum / p_.statSize + 1e-6);
        const double middle = r * r * r * dot / p_.statSize;
        for (int k = 0; k < p_.size; k++) {
          const std::int64_t e = at(slab, k, i);
          const std::int64_t feature = slab % p_.groups * p_.size + k;
          const double x = elementOf(x_, p_.dtype, e);
          const double dy = elementOf(second_, p_.dtype, e);
          const double product = dy * weight(feature) * r;
          const double expected = product - (k < p_.statSize ? x * middle : 0);
          if (!near(elementOf(y_, p_.dtype, e), expected, std::fabs(product) + std::fabs(x * middle))) return "dx is wrong";
          dgamma[feature] += dy * x * r;
          dbeta[feature] += dy;
          magnitudes[feature] += std::fabs(dy * x * r) + std::fabs(dy);
        }
      }
    }
    for (std::int64_t f = 0; f < features_; f++) {
      if (p_.gamma && !(std::fabs(dgamma_.as<float>()[f] - dgamma[f]) <= 1e-6 * magnitudes[f])) return "dgamma is wrong";
      if (p_.beta && !(std::fabs(dbeta_.as<float>()[f] - dbeta[f]) <= 1e-6 * magnitudes[f])) return "dbeta is wrong";
    }
    return nullptr;
  }
};

/** Sizes on either side of where the choice of a kernel changes; the device's limits are low, so that wide and split rows are small. */
const int kSizes[] = {1, 7, 64, 200, 500, 1100, 5000, 8200, 20000, 40000};

}  // namespace

int main(int argc, char** argv) {
  // What was found is seen even if the program does not end well.
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  for (int i = 1; i < argc; i++) {
    if (std::strcmp(argv[i], "--once") == 0) once = true;
    else only = argv[i];
  }
  // Shared memory for 16 KB of a row a block, and clusters of two.
  const Device device{9, 0, 2, kExchangeBytes + 16384 + 2048, 2};
  int failures = 0;
  for (int op = 0; op < 7; op++) {
    for (int dtype = 0; dtype < 3; dtype++) {
      for (const int size : kSizes) {
        for (const std::int64_t inner : {1, 3, 8}) {
          if (inner > 1 && size > 1100) continue;
          for (int variant = 0; variant < 4; variant++) {
            if (variant > 1 && size > 1100) continue;
            const bool odd = variant & 1;
            const bool two = variant & 2;
            const int statSize = two && Op(op) != Op::sumSquares && Op(op) != Op::scaleBy ? (size + 1) / 2 : size;
            const Problem p{Op(op), DType(dtype), two ? 3 : 2, two ? 2 : 1, size, inner, statSize, odd ? 1 : 0, !two || odd, odd, two, two && odd};
            if (!Check(p).run(device)) failures++;
          }
        }
      }
    }
  }
  int missed = 0;
  for (const simt::Entry* entry = simt::entries(); entry != nullptr; entry = entry->next) {
    if (std::strstr(entry->name, only) == nullptr || reached.count(entry->name) > 0) continue;
    std::printf("%s: no problem reaches it\n", entry->name);
    missed++;
  }
  std::printf("%zu kernels, %d problems failed, %d kernels not reached\n", reached.size(), failures, missed);
  return failures + missed > 0 ? 1 : 0;
}
