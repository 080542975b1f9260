// The loops of the wide model: one weight for each (feature, label) pair that co-occurs in
// training, stored feature by feature (`ct_pairs`), the labels of a feature ascending.
//
// The pairs of a document's features are spread over megabytes, a few cache lines per feature. The
// processor cannot predict the next address, so every loop prefetches a few features ahead. Rows are
// short: gathering and scattering 16 labels at once is no faster than 4.
#include "interface.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CT_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CT_CLONES
#endif

namespace {
// How many features the loops prefetch, and how many cache lines of each: half of the features of a
// text have at most two lines of labels, and few start at the beginning of a line.
constexpr int64_t ahead = 4, lines = 3, numbers_per_line = 16;

void ask_for(const void *numbers) {
  for (int64_t k = 0; k < lines; k++)
    __builtin_prefetch(static_cast<const float *>(numbers) + k * numbers_per_line);
}

struct Range {
  int64_t begin, end;
};

// The pairs of a feature whose labels are in first ..< last.
Range pairs_within(const ct_pairs *pairs, Range all, int64_t first, int64_t last) {
  if (first == 0 && last == pairs->label_count) return all;
  const int32_t *begin = pairs->labels + all.begin, *end = pairs->labels + all.end;
  begin = std::lower_bound(begin, end, int32_t(first));
  end = std::lower_bound(begin, end, int32_t(last));
  return {begin - pairs->labels, end - pairs->labels};
}

// The labels are distinct, so the four sums may be read before any is written.
void add_row(
  const int32_t *labels, const float *weights, int64_t count, float value, float *scores) {
  int64_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const int32_t *l = labels + i;
    const float a = scores[l[0]] + value * weights[i], b = scores[l[1]] + value * weights[i + 1],
                c = scores[l[2]] + value * weights[i + 2],
                d = scores[l[3]] + value * weights[i + 3];
    scores[l[0]] = a;
    scores[l[1]] = b;
    scores[l[2]] = c;
    scores[l[3]] = d;
  }
  for (; i < count; i++) scores[labels[i]] += value * weights[i];
}

void gather_row(
  const int32_t *labels, const float *slopes, int64_t count, float value, float *gradient) {
  for (int64_t i = 0; i < count; i++) gradient[i] += value * slopes[labels[i]];
}

CT_CLONES void adagrad_pairs(
  float *weights, float *sums, const float *gradient, int64_t count, float rate, float epsilon) {
  for (int64_t i = 0; i < count; i++) {
    const float sum = sums[i] + gradient[i] * gradient[i];
    sums[i] = sum;
    weights[i] -= rate * gradient[i] / (__builtin_sqrtf(sum) + epsilon);
  }
}
}  // namespace

namespace ct {
// scores[row, label - first] += the weights of the row's features, times their values.
void wide_add(
  const ct_pairs *pairs, const float *weights, const ct_bags *bags, int64_t begin, int64_t end,
  int64_t first, int64_t last, float *scores) {
  const int64_t entries = bags->offsets[end];
  for (int64_t row = begin; row < end; row++) {
    float *const target = scores + row * (last - first) - first;
    for (int64_t entry = bags->offsets[row]; entry < bags->offsets[row + 1]; entry++) {
      if (entry + 2 * ahead < entries)
        __builtin_prefetch(pairs->offsets + bags->features[entry + 2 * ahead]);
      if (entry + ahead < entries) {
        const int64_t next = pairs->offsets[bags->features[entry + ahead]];
        ask_for(pairs->labels + next);
        ask_for(weights + next);
      }
      const int64_t *own = pairs->offsets + bags->features[entry];
      const Range range = pairs_within(pairs, {own[0], own[1]}, first, last);
      add_row(
        pairs->labels + range.begin, weights + range.begin, range.end - range.begin,
        bags->values ? bags->values[entry] : 1, target);
    }
  }
}

// gradient[place + i] of a feature += over its holders: value times scale times the slope of the
// holder's score for the label of pair i.
void wide_accumulate(
  const ct_pairs *pairs, const ct_pair_rows *rows, const ct_holders *holders, int64_t begin,
  int64_t end, int64_t first, int64_t last, float scale, const float *slopes, float *gradient) {
  const int64_t width = last - first;
  for (int64_t number = begin; number < end; number++) {
    if (number + ahead < end) ask_for(pairs->labels + rows->pairs[number + ahead]);
    const int64_t pair = rows->pairs[number], place = rows->places[number],
                  count = rows->places[number + 1] - place;
    const Range range = pairs_within(pairs, {pair, pair + count}, first, last);
    float *const target = gradient + place + (range.begin - pair);
    for (int32_t h = holders->offsets[number]; h < holders->offsets[number + 1]; h++)
      gather_row(
        pairs->labels + range.begin, slopes + holders->bags[h] * width - first,
        range.end - range.begin, scale * (holders->values ? holders->values[h] : 1), target);
  }
}

// Adagrad on the pairs of some features: sums += g^2, weights -= rate g / (sqrt(sums) + epsilon).
void wide_adagrad(
  const ct_pair_rows *rows, int64_t begin, int64_t end, const float *gradient, float rate,
  float epsilon, float *sums, float *weights) {
  for (int64_t number = begin; number < end; number++) {
    if (number + ahead < end) {
      ask_for(sums + rows->pairs[number + ahead]);
      ask_for(weights + rows->pairs[number + ahead]);
    }
    const int64_t pair = rows->pairs[number], place = rows->places[number];
    adagrad_pairs(
      weights + pair, sums + pair, gradient + place, rows->places[number + 1] - place, rate,
      epsilon);
  }
}
}  // namespace ct
