// Products of codes: a tile of 32 queries with a block of 32 rows, as exact integers. Four instruction
// sets, one of which is chosen at run time.
//
// Each says how large the codes of queries may be, and what is added to them: instructions that multiply
// unsigned with signed numbers need queries without a sign, and the rows' corrections take it back.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "../include/csearch_types.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

// Older compilers do not know the instructions of the matrix unit.
#if defined(__x86_64__) && defined(__linux__) && \
  (defined(__clang__) ? __clang_major__ >= 12 : __GNUC__ >= 11)
#define CS_HAS_AMX 1
#endif

namespace codes {

// Rows of a block, and queries that are multiplied with it at once.
constexpr int32_t width = 32, tile = 32;

struct Head {
  float scale, norm, error, bias;
};

// The numbers of a vector with padding: those of whole tiles of the processor's matrix unit.
inline int32_t padded(int32_t dimension) {
  return dimension <= 64 ? (dimension + 15) & ~15 : (dimension + 63) & ~63;
}

// A block: a head and zeros (64 bytes), biases, corrections, and the codes of one row after another.
struct Block {
  char *bytes;
  explicit Block(char *bytes) : bytes(bytes) {}
  Head &head() const { return *reinterpret_cast<Head *>(bytes); }
  float *biases() const { return reinterpret_cast<float *>(bytes + 64); }
  // -128 times the sum of a row's codes, for products with queries that are 128 higher.
  int32_t *corrections() const { return reinterpret_cast<int32_t *>(bytes + 64 + 4 * width); }
  int8_t *codes() const { return reinterpret_cast<int8_t *>(bytes + 64 + 8 * width); }
};
inline size_t block_size(int32_t room) { return 64 + 8 * width + size_t(width) * room; }
// The place of a query's code: for 16 queries and then the others, four numbers of query 0, of query 1,
// ..., of query 15, then the next four.
inline size_t place(int32_t room, int64_t query, int32_t number) {
  return size_t(query / 16) * 16 * room + size_t(number / 4) * 64 + (query % 16) * 4 + number % 4;
}

#define CS_INLINE static inline __attribute__((always_inline))

// Numbers of each query of a tile: the inverse of its scale, the lengths of the query and of its
// error, and the bar that a score must reach.
struct Bounds {
  const float *inverse, *norm, *error, *bar;

  // The largest error of a score in a block; the last part is for the rounding of float32.
  __attribute__((always_inline)) float margin(int32_t q, const Head &head, float bias) const {
    const float size = (norm[q] + error[q]) * head.norm + (bias < 0 ? -bias : bias);
    return norm[q] * head.error + error[q] * head.norm + 2e-6f * size;
  }
};

// The products from which on a row of a block can reach each query's bar.
CS_INLINE void find_thresholds(const Bounds &bounds, const Head &head, int32_t *thresholds) {
  // Products are below this.
  constexpr float limit = 1e9f;
  const float inverse = head.scale > 0 ? 1 / head.scale : 0;
  for (int32_t q = 0; q < tile; q++) {
    const float rest = bounds.bar[q] - head.bias - bounds.margin(q, head, head.bias);
    float quotient = rest * (bounds.inverse[q] * inverse);
    quotient -= 1e-6f * (quotient < 0 ? -quotient : quotient);
    quotient = quotient > limit ? limit : quotient;
    // Also if it is not a number, so that a scale of zero excludes no row.
    quotient = quotient > -limit ? quotient : -limit;
    thresholds[q] = int32_t(quotient) - 1;
  }
}

// `reaching` of each instruction set multiplies all queries of a tile with all rows of a block, writes
// the products (sums[row * tile + query]) and the thresholds, and tells which queries have a product
// that reaches the threshold.
#define CS_REACHING(target) \
  target uint32_t reaching( \
    const int8_t *queries, const Block &block, int32_t room, const Bounds &bounds, int32_t *sums, \
    int32_t *thresholds) const { \
    multiply(queries, block, room, sums); \
    find_thresholds(bounds, block.head(), thresholds); \
    return reaching(sums, thresholds); \
  }

CS_INLINE uint32_t find_reaching(const int32_t *sums, const int32_t *thresholds) {
  int32_t highest[tile];
  for (int32_t q = 0; q < tile; q++) highest[q] = sums[q];
  for (int32_t row = 1; row < width; row++)
    for (int32_t q = 0; q < tile; q++)
      highest[q] = sums[row * tile + q] > highest[q] ? sums[row * tile + q] : highest[q];
  uint32_t active = 0;
  for (int32_t q = 0; q < tile; q++) active |= uint32_t(highest[q] >= thresholds[q]) << q;
  return active;
}

struct Portable {
  static constexpr int32_t largest_query_code = 127, raise = 0;

  void multiply(const int8_t *queries, const Block &block, int32_t room, int32_t *sums) const {
    const int8_t *codes = block.codes();
    for (int32_t row = 0; row < width; row++, codes += room, sums += tile) {
      for (int32_t q = 0; q < tile; q++) sums[q] = 0;
      for (int32_t half = 0; half < 2; half++) {
        const int8_t *some = queries + size_t(half) * 16 * room;
        for (int32_t i = 0; i < room; i += 4, some += 64)
          for (int32_t q = 0; q < 16; q++)
            for (int32_t j = 0; j < 4; j++)
              sums[half * 16 + q] += int32_t(codes[i + j]) * some[4 * q + j];
      }
    }
  }
  static uint32_t reaching(const int32_t *sums, const int32_t *thresholds) {
    return find_reaching(sums, thresholds);
  }
  CS_REACHING(inline)
};

#if defined(__x86_64__)
#define CS_CODES_AVX2 __attribute__((target("avx2"))) inline
// Queries have six bits: four products of their codes with a row's fit into 16 bits.
struct AVX2 {
  static constexpr int32_t largest_query_code = 31, raise = 32;

  CS_CODES_AVX2 void multiply(
    const int8_t *queries, const Block &block, int32_t room, int32_t *sums) const {
    constexpr int32_t group = 4;
    const __m256i ones = _mm256_set1_epi16(1);
    for (int32_t row = 0; row < width; row += group) {
      const int8_t *codes = block.codes() + size_t(row) * room;
      for (int32_t half = 0; half < 2; half++) {
        const __m256i *some = reinterpret_cast<const __m256i *>(queries + size_t(half) * 16 * room);
        __m256i lows[group], highs[group];
#pragma GCC unroll 4
        for (int32_t one = 0; one < group; one++)
          lows[one] = highs[one] = _mm256_set1_epi32(block.corrections()[row + one] / (128 / raise));
        for (int32_t i = 0; i < room; i += 8, some += 4) {
          const __m256i low = _mm256_load_si256(some), high = _mm256_load_si256(some + 1);
          const __m256i low2 = _mm256_load_si256(some + 2), high2 = _mm256_load_si256(some + 3);
#pragma GCC unroll 4
          for (int32_t one = 0; one < group; one++) {
            const __m256i four = four_codes(codes + size_t(one) * room + i);
            const __m256i next = four_codes(codes + size_t(one) * room + i + 4);
            const __m256i low_pairs =
              _mm256_add_epi16(_mm256_maddubs_epi16(low, four), _mm256_maddubs_epi16(low2, next));
            const __m256i high_pairs =
              _mm256_add_epi16(_mm256_maddubs_epi16(high, four), _mm256_maddubs_epi16(high2, next));
            lows[one] = _mm256_add_epi32(lows[one], _mm256_madd_epi16(low_pairs, ones));
            highs[one] = _mm256_add_epi32(highs[one], _mm256_madd_epi16(high_pairs, ones));
          }
        }
#pragma GCC unroll 4
        for (int32_t one = 0; one < group; one++) {
          __m256i *result = reinterpret_cast<__m256i *>(sums + (row + one) * tile + 16 * half);
          _mm256_store_si256(result, lows[one]);
          _mm256_store_si256(result + 1, highs[one]);
        }
      }
    }
  }
  CS_CODES_AVX2 static uint32_t reaching(const int32_t *sums, const int32_t *thresholds) {
    return find_reaching(sums, thresholds);
  }
  CS_REACHING(CS_CODES_AVX2)

 private:
  CS_CODES_AVX2 static __m256i four_codes(const int8_t *codes) {
    int32_t four;
    __builtin_memcpy(&four, codes, 4);
    return _mm256_set1_epi32(four);
  }
};

#define CS_CODES_AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma"))) inline
struct AVX512 {
  static constexpr int32_t largest_query_code = 127, raise = 128;

  CS_CODES_AVX512 void multiply(
    const int8_t *queries, const Block &block, int32_t room, int32_t *sums) const {
    constexpr int32_t group = 8;
    const __m512i *left = reinterpret_cast<const __m512i *>(queries);
    const __m512i *right = left + room / 4;
    for (int32_t row = 0; row < width; row += group) {
      const int8_t *codes = block.codes() + size_t(row) * room;
      __m512i lows[group], highs[group];
#pragma GCC unroll 8
      for (int32_t one = 0; one < group; one++)
        lows[one] = highs[one] = _mm512_set1_epi32(block.corrections()[row + one]);
      for (int32_t step = 0; step < room / 4; step++) {
        const __m512i low = _mm512_load_si512(left + step);
        const __m512i high = _mm512_load_si512(right + step);
#pragma GCC unroll 8
        for (int32_t one = 0; one < group; one++) {
          int32_t four;
          __builtin_memcpy(&four, codes + size_t(one) * room + 4 * step, 4);
          const __m512i vector = _mm512_set1_epi32(four);
          lows[one] = _mm512_dpbusd_epi32(lows[one], low, vector);
          highs[one] = _mm512_dpbusd_epi32(highs[one], high, vector);
        }
      }
#pragma GCC unroll 8
      for (int32_t one = 0; one < group; one++) {
        _mm512_store_si512(sums + (row + one) * tile, lows[one]);
        _mm512_store_si512(sums + (row + one) * tile + 16, highs[one]);
      }
    }
  }
  CS_CODES_AVX512 static uint32_t reaching(const int32_t *sums, const int32_t *thresholds) {
    __m512i low = _mm512_load_si512(sums), high = _mm512_load_si512(sums + 16);
    __m512i low2 = _mm512_load_si512(sums + tile), high2 = _mm512_load_si512(sums + tile + 16);
#pragma GCC unroll 15
    for (int32_t row = 2; row < width; row += 2) {
      low = _mm512_max_epi32(low, _mm512_load_si512(sums + row * tile));
      high = _mm512_max_epi32(high, _mm512_load_si512(sums + row * tile + 16));
      low2 = _mm512_max_epi32(low2, _mm512_load_si512(sums + (row + 1) * tile));
      high2 = _mm512_max_epi32(high2, _mm512_load_si512(sums + (row + 1) * tile + 16));
    }
    return _mm512_cmpge_epi32_mask(
             _mm512_max_epi32(low, low2), _mm512_load_si512(thresholds)) |
      uint32_t(_mm512_cmpge_epi32_mask(
        _mm512_max_epi32(high, high2), _mm512_load_si512(thresholds + 16)))
        << 16;
  }
  CS_REACHING(CS_CODES_AVX512)
};
#endif

#ifdef CS_HAS_AMX
#define CS_CODES_AMX \
  __attribute__(( \
    target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma,amx-tile,amx-int8"))) inline
// The matrix unit: tiles of 16 rows and of 16 queries.
struct AMX {
  static constexpr int32_t largest_query_code = 127, raise = 0;

  struct alignas(64) Shapes {
    uint8_t palette = 1, start = 0, reserved[14] = {};
    uint16_t bytes[16] = {};
    uint8_t rows[16] = {};
  };
  CS_CODES_AMX explicit AMX(int32_t room) {
    const int32_t depth = room < 64 ? room : 64;
    Shapes shapes;
    for (int32_t i = 0; i < 8; i++) {
      shapes.bytes[i] = i == 4 || i == 5 ? depth : 64;
      shapes.rows[i] = i >= 6 ? depth / 4 : 16;
    }
    // GCC declares only the first bytes as read, and would leave out the others.
    __asm__ volatile("" : : "r"(&shapes) : "memory");
    _tile_loadconfig(&shapes);
  }
  AMX(const AMX &) = delete;
  CS_CODES_AMX ~AMX() { _tile_release(); }

  CS_CODES_AMX void multiply(
    const int8_t *queries, const Block &block, int32_t room, int32_t *sums) const {
    const int8_t *rows = block.codes();
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int32_t i = 0; i < room; i += 64) {
      _tile_loadd(4, rows + i, room);
      _tile_loadd(6, queries + size_t(16) * i, 64);
      _tile_loadd(7, queries + size_t(16) * (room + i), 64);
      _tile_loadd(5, rows + size_t(16) * room + i, room);
      _tile_dpbssd(0, 4, 6);
      _tile_dpbssd(1, 4, 7);
      _tile_dpbssd(2, 5, 6);
      _tile_dpbssd(3, 5, 7);
    }
    _tile_stored(0, sums, 4 * tile);
    _tile_stored(1, sums + 16, 4 * tile);
    _tile_stored(2, sums + 16 * tile, 4 * tile);
    _tile_stored(3, sums + 16 * tile + 16, 4 * tile);
  }
  CS_CODES_AMX static uint32_t reaching(const int32_t *sums, const int32_t *thresholds) {
    return AVX512::reaching(sums, thresholds);
  }
  CS_REACHING(CS_CODES_AMX)
};
#endif

// Whether this processor has the matrix unit and the system lets this process use it.
inline bool has_matrix_unit() {
#ifdef CS_HAS_AMX
  uint32_t a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  constexpr uint32_t tiles = 1u << 24, products = 1u << 25;
  if ((d & tiles) == 0 || (d & products) == 0) return false;
  constexpr long request = 0x1023, state = 18;  // ARCH_REQ_XCOMP_PERM, XTILEDATA
  return syscall(SYS_arch_prctl, request, state) == 0;
#else
  return false;
#endif
}

// The instruction set that the environment variable DECANT_CPU allows; names that mean nothing here are
// those of other processors.
inline int32_t allowed_instructions() {
  const char *const wanted = std::getenv("DECANT_CPU");
  if (!wanted || !*wanted) return CS_AMX;
  if (std::strcmp(wanted, "avx512") == 0) return CS_AVX512;
  return std::strcmp(wanted, "avx2") == 0 ? CS_AVX2 : CS_PORTABLE;
}

// The best instruction set of this processor that is allowed.
inline int32_t best_instructions() {
  static const int32_t best = [] {
    const int32_t allowed = allowed_instructions();
#if defined(__x86_64__)
    const bool has_wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512vnni");
    // The system allows a process the matrix unit only if it is asked.
    if (has_wide && has_matrix_unit()) return std::min<int32_t>(allowed, CS_AMX);
    if (has_wide) return std::min<int32_t>(allowed, CS_AVX512);
    if (__builtin_cpu_supports("avx2")) return std::min<int32_t>(allowed, CS_AVX2);
#endif
    return std::min<int32_t>(allowed, CS_PORTABLE);
  }();
  return best;
}

}  // namespace codes
