// Losses over all scores of queries and labels, without the score matrix: products and the work on
// scores in one pass, one tile of 64 x 64 scores at a time that never leaves the cache.
//
// The labels are divided into blocks, the blocks into tiles. Threads take the next free block; each
// block has separate sums, which are added in the order of the blocks, so that results do not
// depend on the number of threads. The factors of a tile's products are packed copies of 64 rows
// padded with zeros.
#include "interface.h"
#include "scores.h"

namespace {
// The number of lanes of sums per row, and the number of results made of them.
struct Shape {
  int64_t sums, results;
};
Shape shape_of(int32_t kind) {
  switch (kind) {
    case CT_SCORE_EXPONENTIALS: return {1, 2};
    case CT_SCORE_SOFTPLUS: return {2, 1};
    case CT_SCORE_BOUNDS: return {4, 5};
    case CT_SCORE_SIGMOID_SUMS: return {5, 5};
    case CT_SCORE_PEAKS: return {tiles::width / lanes, tiles::width};
    case CT_SCORE_TAILS: return {4, 5};
    default: return {1, 1};
  }
}

tiles::Threshold *thresholds_of(ct_tensor tensor, int64_t rows, Arena &arena) {
  const double *given = elements<double>(tensor, at::kDouble, rows, "thresholds");
  auto *result = arena.take<tiles::Threshold>(rows);
  for (int64_t r = 0; r < rows; r++) {
    const float high = float(given[r]);
    result[r] = {high, float(given[r] - double(high))};
  }
  return result;
}

const float *cutoffs_of(ct_tensor tensor, int64_t rows, Arena &arena) {
  const double *given = elements<double>(tensor, at::kDouble, rows, "cutoffs");
  auto *result = arena.take<float>(rows);
  for (int64_t r = 0; r < rows; r++) result[r] = float(given[r]);
  return result;
}

// The scores above the cutoffs that one block finds.
tiles::Above room_above(int64_t rows, int64_t limit, Arena &arena) {
  return {
    limit, 0, arena.take<int64_t>(rows), arena.take<int32_t>(rows * limit),
    arena.take<float>(rows * limit)};
}
int64_t size_above(int64_t rows, int64_t limit) {
  return Arena::size<int64_t>(rows) + Arena::size<int32_t>(rows * limit)
    + Arena::size<float>(rows * limit);
}
// Appends them to those of earlier blocks, `counts` and [rows, limit].
void join_above(const tiles::Above &found, int64_t rows, double *counts, float *scores) {
  // The rows' numbers of scores so far tell where the next goes; those of this block come after.
  for (int64_t i = 0; i < found.count; i++) {
    const int64_t r = found.rows[i];
    if (counts[r] < double(found.limit)) scores[r * found.limit + int64_t(counts[r])] = found.scores[i];
    counts[r]++;
  }
  for (int64_t r = 0; r < rows; r++)
    if (found.counts[r] > found.limit) counts[r] += double(found.counts[r] - found.limit);
}

// Adds `other` to a log-sum-exp kept as a largest score and a sum.
void join_exponentials(double &peak, double &sum, double other_peak, double other_sum) {
  // No score so far; a sum that is NaN is kept.
  if (!(other_peak > double(tiles::lowest)) && other_sum == 0) return;
  const double top = std::max(peak, other_peak);
  sum = sum * std::exp(peak - top) + other_sum * std::exp(other_peak - top);
  peak = top;
}

template <class Stored, class Products>
void score_sums(
  const tiles::Target &target, const ct_score_blocks &blocks, int32_t kind, double scalar, ct_tensor thresholds_,
  ct_tensor results_, ct_tensor found_, bool hides, ct_tensor above_) {
  constexpr bool half = Scores<Stored, Products>::is_half;
  const Scores<Stored, Products> all(target, blocks, false);
  const Shape shape = shape_of(kind);
  double *results =
    writable<double>(results_, at::kDouble, shape.results * all.rows, "results");
  float *found =
    found_ ? writable<float>(found_, at::kFloat, all.cell_count, "found scores") : nullptr;
  const int64_t padded_rows = all.padded_rows(), row_sums = shape.sums * lanes;
  const int64_t threads = all.threads();
  const bool has_tails = kind == CT_SCORE_TAILS;
  const int64_t limit = has_tails ? ct::shared(above_).size(-1) : 0;
  float *const all_above =
    has_tails ? writable<float>(above_, at::kFloat, all.rows * limit, "above") : nullptr;
  Arena arena(
    threads
      * (Tile<Stored, Products>::size(all) + Arena::size<float>(padded_rows * row_sums)
         + Arena::size<float>(padded_rows) + size_above(has_tails ? all.rows : 0, limit))
    + Arena::size<tiles::Threshold>(all.rows));
  const tiles::Threshold *thresholds =
    kind == CT_SCORE_SIGMOID_SUMS ? thresholds_of(thresholds_, all.rows, arena) : nullptr;
  const float *cutoffs = has_tails ? cutoffs_of(thresholds_, all.rows, arena) : nullptr;
  struct Local {
    Tile<Stored, Products> tile;
    float *sums, *shift;
    tiles::Above above;
  };
  std::vector<Local> locals;
  for (int64_t t = 0; t < threads; t++) {
    Tile<Stored, Products> tile(all, arena);
    float *sums = arena.take<float>(padded_rows * row_sums);
    float *shift = arena.take<float>(padded_rows);
    locals.push_back({tile, sums, shift, room_above(has_tails ? all.rows : 0, limit, arena)});
  }
  const float factor = float(scalar);

  auto work = [&](int64_t thread, int64_t block) {
    auto &[tile, sums, shift, above] = locals[size_t(thread)];
    memset(sums, 0, sizeof(float) * size_t(padded_rows * row_sums));
    std::fill(shift, shift + padded_rows, tiles::lowest);
    if (kind == CT_SCORE_BOUNDS)
      for (int64_t r = 0; r < all.rows; r++)
        for (int64_t k = 0; k < lanes; k++) {
          sums[r * row_sums + lanes + k] = INFINITY;
          sums[r * row_sums + 2 * lanes + k] = -INFINITY;
        }
    if (kind == CT_SCORE_PEAKS) std::fill(sums, sums + padded_rows * row_sums, -INFINITY);
    above.count = 0;
    if (has_tails) std::fill(above.counts, above.counts + all.rows, 0);
    const int64_t end = std::min(all.label_count, (block + 1) * all.block);
    for (int64_t start = block * all.block; start < end; start += all.tile) {
      const int64_t count = std::min(all.tile, end - start), index = start / all.tile;
      if (kind == CT_SCORE_PEAKS && index % int64_t(scalar)) continue;
      int64_t next = all.cell_offsets[index];
      const int64_t cells_end = all.cell_offsets[index + 1];
      tile.open(start, count, false);
      for (int64_t chunk = 0; chunk < all.chunk_count; chunk++) {
        tile.score(chunk);
        tile.for_cells(chunk, next, cells_end, [&](int64_t r, int64_t c, int64_t cell) {
          float &score = tile.scores[r * width + c];
          if (found) found[cell] = score + tile.biases[c];
          if (hides) score = -INFINITY;
        });
        const int64_t rows = all.rows_of(chunk), first = chunk * all.sizes.chunk;
        float *const s = tile.scores, *const own = sums + first * row_sums;
        switch (kind) {
          case CT_SCORE_EXPONENTIALS:
            target.add_exponentials[half](s, rows, tile.biases, shift + first, own);
            break;
          case CT_SCORE_SOFTPLUS: target.add_softplus[half](s, rows, tile.biases, own); break;
          case CT_SCORE_SQUARED_HINGE: target.add_squared_hinges(s, rows, tile.biases, own); break;
          case CT_SCORE_BOUNDS:
            target.add_bounds(s, rows, tile.biases, factor, shift + first, own);
            break;
          case CT_SCORE_SIGMOID_SUMS:
            target.add_sigmoid_sums(s, rows, tile.biases, factor, thresholds + first, own);
            break;
          case CT_SCORE_PEAKS: target.add_peaks(s, rows, tile.biases, own); break;
          case CT_SCORE_TAILS:
            target.add_tails[half](s, rows, tile.biases, factor, cutoffs + first, first, own, above);
            break;
        }
      }
    }
    if (kind == CT_SCORE_SOFTPLUS) target.close_softplus(sums, all.rows);
    Products::release();
  };
  auto join = [&](int64_t thread, int64_t) {
    const auto &[tile, sums, shift, above] = locals[size_t(thread)];
    const int64_t n = all.rows;
    if (has_tails) join_above(above, n, results + 4 * n, all_above);
    for (int64_t r = 0; r < n; r++) {
      const float *own = sums + r * row_sums;
      auto total = [&](int64_t which) {
        double result = 0;
        for (int64_t k = 0; k < lanes; k++) result += double(own[which * lanes + k]);
        return result;
      };
      if (kind == CT_SCORE_EXPONENTIALS) {
        join_exponentials(results[r], results[n + r], double(shift[r]), total(0));
      } else if (kind == CT_SCORE_BOUNDS) {
        results[r] += total(0);
        for (int64_t k = 0; k < lanes; k++) {
          results[n + r] = std::min(results[n + r], double(own[lanes + k]));
          results[2 * n + r] = std::max(results[2 * n + r], double(own[2 * lanes + k]));
        }
        join_exponentials(results[3 * n + r], results[4 * n + r], double(shift[r]), total(3));
      } else if (kind == CT_SCORE_PEAKS) {
        for (int64_t k = 0; k < tiles::width; k++)
          results[k * n + r] = std::max(results[k * n + r], double(own[k]));
      } else {
        for (int64_t k = 0; k < std::min(shape.sums, shape.results); k++)
          results[k * n + r] += total(k);
      }
    }
  };
  Blocks().run(all.block_count, threads, work, join);
}

template <class Stored, class Products>
void score_gradients(
  const tiles::Target &target, const ct_score_blocks &blocks, int32_t kind, double scalar, ct_tensor thresholds_,
  ct_tensor scale_, ct_tensor at_cells_, double upstream, ct_tensor of_queries_,
  ct_tensor of_labels_, ct_tensor of_bias_) {
  constexpr bool half = Scores<Stored, Products>::is_half;
  const Scores<Stored, Products> all(target, blocks, of_labels_ != nullptr);
  const int64_t padded_rows = all.padded_rows();
  const float *at_cells = elements<float>(at_cells_, at::kFloat, all.cell_count, "at cells");
  const float *scale = scale_ ? elements<float>(scale_, at::kFloat, all.rows, "scale") : nullptr;
  const float *shift = kind == CT_SCORE_EXPONENTIALS
    ? elements<float>(thresholds_, at::kFloat, all.rows, "shift")
    : nullptr;
  float *of_queries = of_queries_
    ? writable<float>(of_queries_, at::kFloat, all.rows * all.depth, "queries' gradient")
    : nullptr;
  Stored *of_labels = of_labels_
    ? writable<Stored>(of_labels_, Scores<Stored, Products>::type, all.label_count * all.depth, "labels' gradient")
    : nullptr;
  float *of_bias =
    of_bias_ ? writable<float>(of_bias_, at::kFloat, all.label_count, "bias's gradient") : nullptr;
  const int64_t threads = all.threads(), query_size = of_queries ? padded_rows * all.sizes.padded : 0;
  Arena arena(
    threads * (Tile<Stored, Products>::size(all) + Arena::size<float>(query_size))
    + Arena::size<tiles::Threshold>(all.rows));
  const tiles::Threshold *thresholds =
    kind == CT_SCORE_SIGMOID_SUMS ? thresholds_of(thresholds_, all.rows, arena) : nullptr;
  struct Local {
    Tile<Stored, Products> tile;
    float *queries;
  };
  std::vector<Local> locals;
  for (int64_t t = 0; t < threads; t++) {
    Tile<Stored, Products> tile(all, arena);
    locals.push_back({tile, of_queries ? arena.take<float>(query_size) : nullptr});
  }
  const float factor = float(scalar);

  auto work = [&](int64_t thread, int64_t block) {
    auto &[tile, queries] = locals[size_t(thread)];
    if (queries) memset(queries, 0, sizeof(float) * size_t(query_size));
    const int64_t end = std::min(all.label_count, (block + 1) * all.block);
    for (int64_t start = block * all.block; start < end; start += all.tile) {
      const int64_t count = std::min(all.tile, end - start), index = start / all.tile;
      int64_t next = all.cell_offsets[index];
      const int64_t cells_end = all.cell_offsets[index + 1];
      tile.open(start, count, queries != nullptr);
      memset(tile.column_sums, 0, sizeof(float) * size_t(width));
      for (int64_t chunk = 0; chunk < all.chunk_count; chunk++) {
        tile.score(chunk);
        const int64_t rows = all.rows_of(chunk), first = chunk * all.sizes.chunk;
        float *const s = tile.scores;
        switch (kind) {
          case CT_SCORE_EXPONENTIALS:
            target.write_exponentials[half](s, rows, tile.biases, shift + first, scale + first);
            break;
          case CT_SCORE_SOFTPLUS: target.write_sigmoids[half](s, rows, tile.biases, factor); break;
          case CT_SCORE_SQUARED_HINGE: target.write_hinges(s, rows, tile.biases, factor); break;
          case CT_SCORE_SIGMOID_SUMS:
            target.write_slopes[half](
              s, rows, tile.biases, factor, thresholds + first, scale + first);
            break;
        }
        tile.for_cells(chunk, next, cells_end, [&](int64_t r, int64_t c, int64_t cell) {
          s[r * width + c] = at_cells[cell];
        });
        if (rows < all.sizes.chunk)
          memset(s + rows * width, 0, sizeof(float) * size_t((all.sizes.chunk - rows) * width));
        tile.hand_back(chunk);
        if (of_bias) target.add_columns(s, rows, tile.column_sums);
        tile.multiply(chunk, queries, of_labels != nullptr);
      }
      if (of_labels && all.rows > 0) {
        const float *const rows = tile.products.of_labels();
        for (int64_t r = 0; r < count; r++) {
          const float *const source = rows + r * all.sizes.padded;
          Stored *const to = of_labels + (start + r) * all.depth;
          if constexpr (half)
            target.scale_row_to_halves(
              source, all.depth, float(upstream), reinterpret_cast<uint16_t *>(to));
          else
            target.scale_row(source, all.depth, float(upstream), to);
        }
      }
      if (of_bias) target.scale_row(tile.column_sums, count, float(upstream), of_bias + start);
    }
    Products::release();
  };
  auto join = [&](int64_t thread, int64_t) {
    if (!of_queries) return;
    const float *own = locals[size_t(thread)].queries;
    for (int64_t r = 0; r < all.rows; r++)
      target.add_row(own + r * all.sizes.padded, all.depth, of_queries + r * all.depth);
  };
  Blocks().run(all.block_count, threads, work, join);
}

bool has_half_products(const tiles::Target &target) {
#if defined(CT_HAS_HALF_PRODUCTS)
  static const bool are_supported =
    tiles::has_halves(target) && HalfProducts::are_supported();
  return are_supported;
#else
  return false;
#endif
}
const tiles::Target &chosen_target() {
  const tiles::Target *target = tiles::chosen_target();
  TORCH_CHECK(target, tiles::target_error());
  return *target;
}
}  // namespace

namespace ct {
int32_t kernel_target(const char **name) {
  CT_TRY
  *name = chosen_target().name;
  CT_END
}

int32_t score_kernels_suit(ct_tensor model) {
  const at::Tensor t = shared(model);
  return tiles::chosen_target() && t.device().is_cpu() && t.layout() == at::kStrided
    && (t.scalar_type() == at::kFloat || t.scalar_type() == at::kBFloat16);
}

int32_t score_sums(
  const ct_score_blocks *blocks, int32_t kind, double scalar, ct_tensor thresholds,
  ct_tensor results, ct_tensor found, int32_t hides, ct_tensor above) {
  CT_TRY
  const auto type = shared(blocks->labels).scalar_type();
  TORCH_CHECK(
    type == at::kFloat || type == at::kBFloat16, "there are no kernels for scores of ", type);
  const tiles::Target &target = chosen_target();
  const auto run = type == at::kFloat ? ::score_sums<float, FloatProducts>
    : has_half_products(target)       ? ::score_sums<c10::BFloat16, HalfProducts>
                                      : ::score_sums<c10::BFloat16, FloatProducts>;
  run(
    target, *blocks, kind, scalar, thresholds, results, found, hides, above);
  count_write(results);
  if (above) count_write(above);
  if (found) count_write(found);
  CT_END
}

int32_t score_gradients(
  const ct_score_blocks *blocks, int32_t kind, double scalar, ct_tensor thresholds,
  ct_tensor scale, ct_tensor at_cells, double upstream, ct_tensor of_queries,
  ct_tensor of_labels, ct_tensor of_bias) {
  CT_TRY
  const auto type = shared(blocks->labels).scalar_type();
  TORCH_CHECK(
    type == at::kFloat || type == at::kBFloat16, "there are no kernels for scores of ", type);
  const tiles::Target &target = chosen_target();
  const auto run = type == at::kFloat ? ::score_gradients<float, FloatProducts>
    : has_half_products(target)       ? ::score_gradients<c10::BFloat16, HalfProducts>
                                      : ::score_gradients<c10::BFloat16, FloatProducts>;
  run(
    target, *blocks, kind, scalar, thresholds, scale, at_cells, upstream, of_queries, of_labels, of_bias);
  for (ct_tensor written : {of_queries, of_labels, of_bias, blocks->offset})
    if (written) count_write(written);
  CT_END
}
}  // namespace ct

