// Vectors of 16 bytes: which lane has which elements of a row never depends on alignment, only the accesses do.
#pragma once

#include "element.cuh"

namespace rmsnorm {

/** Elements as they lie in memory, in W words of 4 bytes. */
template <int W>
struct alignas(4 * W) Words {
  std::uint32_t words[W];
};
using Raw = Words<4>;

namespace access {

/** The elements after each other that are left of `size` from `first` on, at most `most`. */
template <class Int>
DEVICE int left(Int first, Int size, int most) {
  const Int rest = size - first;
  return rest <= 0 ? 0 : rest < most ? int(rest) : most;
}

/** The bytes by which an address is beyond a multiple of W words. */
template <class Bits, int W>
DEVICE unsigned beyond(const Bits* p) {
  return unsigned(reinterpret_cast<std::uintptr_t>(p)) & unsigned(4 * W - int(sizeof(Bits)));
}

}  // namespace access

/**
 * What a lane has of a row: a vector, or the last elements. Vectors of a row have no gap between them.
 *
 * Rows that are not aligned are accessed 16 bytes at once all the same. A load takes the aligned 16 bytes in which the vector begins and
 * those in which it ends, which no allocation ends between. A store takes the former, with what the lane before has of them; only where a
 * warp's part of a row begins and ends are elements stored one by one.
 */
struct Place {
  /** Where the vector begins in the tensors, in elements. */
  std::int64_t offset;
  /** Its elements, and those of the vector after it, of the row or of the block's part of it. */
  int count;
  int next = 0;
  /** Whether the lane before, or after, in the warp has no vector of the row. */
  bool isFirst = true;
  bool isLast = true;
};

/** The place of a vector in a part of a row that begins at the offset `first` and has `size` elements; `element` is the vector's first. */
template <int N, class Int>
DEVICE Place placeOf(std::int64_t first, Int element, Int size, int lane, int lanes) {
  const int last = lanes < 32 ? lanes - 1 : 31;
  return {first + element, access::left<Int>(element, size, N), access::left<Int>(element + N, size, N), (lane & last) == 0,
          (lane & last) == last};
}

/** Rotates by one: so a loop that is not unrolled goes through what is in registers. */
template <int N, class V>
DEVICE void rotate(V* values) {
  const V first = values[0];
  UNROLL for (int i = 0; i < N - 1; i++) values[i] = values[i + 1];
  values[N - 1] = first;
}

/** The words that begin `bytes` into a and b, one after the other. */
template <class Bits, int W>
DEVICE Words<W> joined(const Words<W>& a, const Words<W>& b, unsigned bytes) {
  std::uint32_t words[2 * W];
  UNROLL for (int i = 0; i < W; i++) {
    words[i] = a.words[i];
    words[W + i] = b.words[i];
  }
  if constexpr (W > 2) {
    UNROLL for (int i = 0; i < W + 2; i++) words[i] = (bytes & 8) ? words[i + 2] : words[i];
  }
  if constexpr (W > 1) {
    UNROLL for (int i = 0; i < W + 1; i++) words[i] = (bytes & 4) ? words[i + 1] : words[i];
  }
  Words<W> result;
  UNROLL for (int i = 0; i < W; i++) {
    result.words[i] = sizeof(Bits) == 4 ? words[i] : device::shiftRight(words[i], words[i + 1], 8 * (bytes & 3));
  }
  return result;
}

/** Element i of some, in words. */
template <class Bits, int W>
DEVICE Bits bitsOf(const Words<W>& raw, int i) {
  constexpr int PER_WORD = 4 / int(sizeof(Bits));
  return Bits(raw.words[i / PER_WORD] >> (8 * int(sizeof(Bits)) * (i % PER_WORD)));
}

/** Drops the first element. */
template <class Bits, int W>
DEVICE void shiftDown(Words<W>& raw) {
  UNROLL for (int i = 0; i < W; i++) {
    const std::uint32_t next = i + 1 < W ? raw.words[i + 1] : 0;
    raw.words[i] = sizeof(Bits) == 4 ? next : device::shiftRight(raw.words[i], next, 8 * sizeof(Bits));
  }
}

/** Loads `count` elements, W words at most; the rest are zeros. */
template <class Bits, int W>
DEVICE Words<W> loadWords(const Bits* p, int count) {
  constexpr int SIZE = sizeof(Bits);
  Words<W> raw{};
  if (count == 0) return raw;
  const unsigned shift = access::beyond<Bits, W>(p);
  const auto* at = reinterpret_cast<const Words<W>*>(reinterpret_cast<std::uintptr_t>(p) - shift);
  raw = at[0];
  if (shift != 0) {
    Words<W> next{};
    if (count * SIZE > 4 * W - int(shift)) next = at[1];
    raw = joined<Bits>(raw, next, shift);
  }
  if (count * SIZE == 4 * W) return raw;
  UNROLL for (int i = 0; i < W; i++) {
    const int bits = 8 * (count * SIZE - 4 * i);
    raw.words[i] = bits >= 32 ? raw.words[i] : bits <= 0 ? 0 : raw.words[i] & ((1u << bits) - 1);
  }
  return raw;
}

/** Stores the elements of a place. Where `aligned` is false all lanes of the warp take part. */
template <class Bits, int W>
DEVICE void storeWords(Bits* p, Words<W> raw, Place place, bool aligned) {
  constexpr int N = 4 * W / int(sizeof(Bits));
  unsigned shift = 0;
  // Elements from here on to there are stored one by one.
  int from = place.count == N ? N : 0;
  int to = place.count;
  Words<W> words = raw;
  if (!aligned) {
    shift = access::beyond<Bits, W>(p);
    Words<W> previous;
    UNROLL for (int i = 0; i < W; i++) previous.words[i] = device::shuffleUp(raw.words[i]);
    if (shift != 0) {
      const int head = N - int(shift) / int(sizeof(Bits));
      words = joined<Bits>(previous, raw, 4 * W - shift);
      from = !place.isFirst && place.count >= head ? head : 0;
      if (!place.isLast && place.next >= head) to = head;
    }
  }
  if (from > 0) *reinterpret_cast<Words<W>*>(reinterpret_cast<std::uintptr_t>(p) - shift) = words;
  ROLLED for (int i = 0; i < to; i++) {
    if (i >= from) p[i] = Bits(raw.words[0]);
    shiftDown<Bits>(raw);
  }
}

/** Element i of a vector, as float32. */
template <class T>
DEVICE float elementOf(const Raw& raw, int i) {
  return T::toFloat(bitsOf<typename T::Bits>(raw, i));
}

template <class T>
DEVICE void unpack(const Raw& raw, float* values) {
  UNROLL for (int i = 0; i < kVector<T>; i++) values[i] = elementOf<T>(raw, i);
}

/** Rounds to the dtype. */
template <class T>
DEVICE Raw pack(const float* values) {
  Raw raw;
  UNROLL for (int i = 0; i < 4; i++) {
    if constexpr (sizeof(typename T::Bits) == 4) raw.words[i] = T::fromFloat(values[i]);
    else raw.words[i] = T::fromFloats(values[2 * i], values[2 * i + 1]);
  }
  return raw;
}

/** `count` float32 weights, N at most; else 0. */
template <int N>
DEVICE void loadWeights(const float* p, int count, float* values) {
  UNROLL for (int i = 0; i < N; i += 4) {
    const Raw raw = loadWords<std::uint32_t, 4>(reinterpret_cast<const std::uint32_t*>(p) + i, access::left(i, count, 4));
    UNROLL for (int j = 0; j < 4; j++) values[i + j] = floatOfBits(raw.words[j]);
  }
}

}  // namespace rmsnorm
