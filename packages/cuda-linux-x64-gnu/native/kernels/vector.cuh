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

/** The words that begin `shift` bytes before p. Not by way of an integer, which would lose that they are in global memory. */
template <int W>
DEVICE const Words<W>* wordsAt(const void* p, unsigned shift) {
  return reinterpret_cast<const Words<W>*>(static_cast<const unsigned char*>(p) - shift);
}

template <int W>
DEVICE Words<W>* wordsAt(void* p, unsigned shift) {
  return reinterpret_cast<Words<W>*>(static_cast<unsigned char*>(p) - shift);
}

/** Stores words there, in one access. */
template <int W>
DEVICE void put(void* p, unsigned shift, const Words<W>& raw) {
  Words<W>* at = wordsAt<W>(p, shift);
  if constexpr (W == 4) device::store16(at, raw.words);
  else *at = raw;
}

}  // namespace access

/**
 * What a lane has of a row: a vector, or the last elements. Vectors of a row have no gap between them.
 *
 * Rows that are not aligned are accessed 16 bytes at once all the same. Vectors a, b, c of three lanes, and the aligned pieces of memory in
 * which they lie:
 *
 *         |   1   |   2   |   3   |   4   |
 *             |   a   |   b   |   c   |
 *
 * The lane of b loads pieces 2 and 3. It stores piece 2, whose first part a's lane gives it. What a has of piece 1 is stored element by
 * element, as no lane has the rest, and so is what c has of piece 4. Where a row ends there, piece 4 may hold what is not the row's: it may
 * be read, as memory is handed out in whole pieces, but is not written.
 */
struct Place {
  /** Where the vector begins in the tensors, in elements. */
  std::int64_t offset;
  /** How many elements it has, of the row or of the block's part of it. */
  int count;
  /** How many the vector after it has, which is the next lane's. */
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

/** The words that begin `bytes`, fewer than a has, into a and b, one after the other. */
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

/** `count` elements whose vector is aligned, at most W words. Beyond them there may be anything: masked() clears that. */
template <class Bits, int W>
DEVICE Words<W> fetchAligned(const Bits* p, int count) {
  Words<W> raw{};
  if (count > 0) raw = *access::wordsAt<W>(p, 0);
  return raw;
}

/** The same wherever they begin. No branch depends on what was loaded, so that several of these wait for memory together. */
template <class Bits, int W>
DEVICE Words<W> fetchShifted(const Bits* p, int count) {
  const unsigned shift = access::beyond<Bits, W>(p);
  const Words<W>* at = access::wordsAt<W>(p, shift);
  Words<W> first{};
  Words<W> next{};
  if (count > 0) first = at[0];
  if (count * int(sizeof(Bits)) > 4 * W - int(shift)) next = at[1];
  return joined<Bits>(first, next, shift);
}

/** The first `count` elements; zeros for the rest. */
template <class Bits, int W>
DEVICE Words<W> masked(Words<W> raw, int count) {
  constexpr int SIZE = sizeof(Bits);
  if (count * SIZE == 4 * W) return raw;
  UNROLL for (int i = 0; i < W; i++) {
    const int bits = 8 * (count * SIZE - 4 * i);
    raw.words[i] = bits >= 32 ? raw.words[i] : bits <= 0 ? 0 : raw.words[i] & ((1u << bits) - 1);
  }
  return raw;
}

template <class Bits, int W>
DEVICE Words<W> loadWords(const Bits* p, int count, bool aligned) {
  return masked<Bits>(aligned ? fetchAligned<Bits, W>(p, count) : fetchShifted<Bits, W>(p, count), count);
}

/** Stores the elements of a place. `aligned` is the same for all threads: where it is false, all lanes of the warp take part. */
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
  if (from > 0) access::put(p, shift, words);
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
DEVICE void loadWeights(const float* p, int count, bool aligned, float* values) {
  UNROLL for (int i = 0; i < N; i += 4) {
    const Raw raw = loadWords<std::uint32_t, 4>(reinterpret_cast<const std::uint32_t*>(p) + i, access::left(i, count, 4), aligned);
    UNROLL for (int j = 0; j < 4; j++) values[i + j] = floatOfBits(raw.words[j]);
  }
}

}  // namespace rmsnorm
