// The neighbour graph over a table's rows: USearch's, with our own inner products. Compiled by
// Scripts/setup against the headers that it downloads.
//
// The score of a row x for a query q is scale_x (q . x) + bias_x. A row has the same index in the
// graph as in the table. Rows are compared as vectors (x, bias, complement) of equal length, for
// which the largest inner product and the smallest distance coincide: a graph over vectors of
// different lengths would lose the short ones.
#include <condition_variable>
#include <exception>
#include <string>
#include <usearch/index_plugins.hpp>
#include <vector>

#include "codes.h"
#include "links.h"
#include "parallel.h"
#include "products.h"

#define CS_FUNCTION(result, name, parameters, names) result (*name) parameters;
extern "C" struct cs_table {
  int32_t version;
#include "../include/csearch_functions.h"
};
#undef CS_FUNCTION

#define CS_TRY try {
#define CS_END \
  return CS_OK; \
  } \
  catch (...) { \
    return report(); \
  }

namespace {
namespace us = unum::usearch;
using Graph = us::index_gt<
  float, uint32_t, uint32_t, us::aligned_allocator_gt<us::byte_t, 64>,
  us::memory_mapping_allocator_gt<64>>;

thread_local std::string error_text;

int32_t report() noexcept {
  try {
    throw;
  } catch (const std::bad_alloc &e) {
    error_text = e.what();
    return CS_ERROR_OUT_OF_MEMORY;
  } catch (const std::exception &e) {
    error_text = e.what();
  } catch (...) {
    error_text = "an unknown C++ exception";
  }
  return CS_ERROR;
}

template <class Result>
void require(Result &result) {
  // The library ends the process for an error that nobody retrieved.
  if (!result) throw std::runtime_error(result.error.release());
}

// Numbers 0 ..< count, each lent to one thread at a time.
class Places {
  std::mutex mutex;
  std::condition_variable freed;
  std::vector<size_t> rest;

 public:
  explicit Places(size_t count) {
    for (size_t i = count; i-- > 0;) rest.push_back(i);
  }
  size_t take() {
    std::unique_lock<std::mutex> lock(mutex);
    freed.wait(lock, [&] { return !rest.empty(); });
    const size_t place = rest.back();
    rest.pop_back();
    return place;
  }
  void give(size_t place) {
    {
      std::lock_guard<std::mutex> lock(mutex);
      rest.push_back(place);
    }
    freed.notify_one();
  }
};

struct Holder {
  Graph graph;
  const size_t threads;
  Places places;
  explicit Holder(us::index_config_t config)
      : graph(config), threads(std::max(1u, std::thread::hardware_concurrency())), places(threads) {
    if (!graph.try_reserve({0, threads})) throw std::bad_alloc();
  }
  void reserve(size_t members) {
    // By at least half: reserving copies the existing members.
    if (members > graph.capacity())
      members = std::max(members, graph.capacity() + graph.capacity() / 2);
    if (!graph.try_reserve({members, threads})) throw std::bad_alloc();
  }
};
Holder &as_holder(cs_graph graph) { return *reinterpret_cast<Holder *>(graph); }

struct Query {
  const float *numbers;
};
struct Row {
  const char *bytes;
};

struct Metric {
  const cs_rows &rows;
  const products::Pair products = products::best(rows.scalar);

  const char *row(size_t place) const {
    return static_cast<const char *>(rows.base) + int64_t(place) * rows.stride;
  }
  static const cs_row_head &head(const char *row) {
    return *reinterpret_cast<const cs_row_head *>(row);
  }
  float between(const char *a, const char *b) const {
    const cs_row_head &x = head(a), &y = head(b);
    const float product =
      products.rows(a + sizeof(cs_row_head), b + sizeof(cs_row_head), rows.dimension);
    return -(x.scale * y.scale * product + x.bias * y.bias + x.complement * y.complement);
  }
  template <class Member>
  float operator()(const Query &query, const Member &member) const {
    const char *found = row(get_slot(member));
    const cs_row_head &x = head(found);
    return -(
      x.scale * products.query(query.numbers, found + sizeof(cs_row_head), rows.dimension) +
      x.bias);
  }
  template <class Member>
  float operator()(const Row &one, const Member &member) const {
    return between(one.bytes, row(get_slot(member)));
  }
  template <class Member>
  float operator()(const Member &one, const Member &other) const {
    return between(row(get_slot(one)), row(get_slot(other)));
  }
};

// Prefetches rows before they are compared: they are scattered in memory.
struct Ahead {
  const Metric &metric;
  template <class Iterator>
  void operator()(Iterator begin, Iterator end) const {
    const int64_t length = metric.rows.stride < 320 ? metric.rows.stride : 320;
    for (; begin != end; ++begin) {
      const char *row = metric.row(get_slot(begin));
      for (int64_t line = 0; line < length; line += 64) __builtin_prefetch(row + line);
    }
  }
};

const char *last_error() { return error_text.c_str(); }
const char *library_version() {
#define CS_TEXT(x) #x
#define CS_VERSION(a, b, c) "USearch " CS_TEXT(a) "." CS_TEXT(b) "." CS_TEXT(c)
  return CS_VERSION(USEARCH_VERSION_MAJOR, USEARCH_VERSION_MINOR, USEARCH_VERSION_PATCH);
}

int32_t graph_new(int64_t connectivity, cs_graph *result) {
  CS_TRY
  us::index_config_t config(connectivity, 2 * connectivity);
  auto error = config.validate();
  if (error) throw std::runtime_error(error.release());
  *result = reinterpret_cast<cs_graph>(new Holder(config));
  CS_END
}
int32_t graph_open(const void *bytes, size_t length, int32_t is_borrowed, cs_graph *result) {
  CS_TRY
  links::check(static_cast<const char *>(bytes), length);
  auto holder = std::make_unique<Holder>(us::index_config_t());
  auto begin = const_cast<us::byte_t *>(static_cast<const us::byte_t *>(bytes));
  us::serialization_result_t opened;
  if (is_borrowed) {
    opened = holder->graph.view(us::memory_mapped_file_t(begin, length));
  } else {
    size_t position = 0;
    opened = holder->graph.load_from_stream([&](void *to, size_t count) {
      if (count > length - position) return false;
      std::memcpy(to, begin + position, count);
      position += count;
      return true;
    });
  }
  require(opened);
  holder->reserve(holder->graph.size());
  *result = reinterpret_cast<cs_graph>(holder.release());
  CS_END
}
void graph_free(cs_graph graph) { delete &as_holder(graph); }
int64_t graph_count(cs_graph graph) { return as_holder(graph).graph.size(); }
int64_t graph_connectivity(cs_graph graph) { return as_holder(graph).graph.connectivity(); }
int64_t graph_memory(cs_graph graph) { return as_holder(graph).graph.memory_usage(); }

int32_t graph_grow(
  cs_graph graph, const cs_rows *rows, int64_t end, int64_t breadth, int32_t threads) {
  CS_TRY
  Holder &holder = as_holder(graph);
  holder.reserve(rows->count);
  const Metric metric{*rows};
  std::mutex order;
  int64_t next = holder.graph.size();
  const int32_t width = std::clamp<int64_t>(
    std::min<int64_t>(threads, holder.threads), 1, std::max<int64_t>(1, end - next));
  in_parallel(width, [&] {
    const size_t place = holder.places.take();
    try {
      for (;;) {
        // Held until the graph has assigned the row's index, so that indices follow the order of
        // rows.
        std::unique_lock<std::mutex> turn(order);
        if (next >= end) break;
        const int64_t row = next++;
        us::index_update_config_t config;
        config.expansion = breadth;
        config.thread = place;
        auto added = holder.graph.add(
          uint32_t(row), Row{metric.row(row)}, metric, config, [&](auto &&) { turn.unlock(); },
          Ahead{metric});
        if (!added) next = end;
        require(added);
      }
    } catch (...) {
      holder.places.give(place);
      throw;
    }
    holder.places.give(place);
  });
  CS_END
}

int32_t graph_search(
  cs_graph graph, const cs_rows *rows, int32_t has_removed, const float *queries, int64_t count,
  int64_t k, int64_t breadth, int32_t threads, int32_t *places, float *scores, int32_t *found) {
  CS_TRY
  Holder &holder = as_holder(graph);
  const Metric metric{*rows};
  std::atomic<int64_t> next{0};
  const int32_t width = std::clamp<int64_t>(
    std::min<int64_t>(threads, holder.threads), 1, std::max<int64_t>(1, count));
  in_parallel(width, [&] {
    const size_t place = holder.places.take();
    std::vector<std::pair<float, uint32_t>> ranking;
    try {
      for (int64_t q; (q = next++) < count;) {
        us::index_search_config_t config;
        config.expansion = breadth;
        config.thread = place;
        const Query query{queries + q * rows->dimension};
        auto keep = [&](const auto &result) {
          ranking.clear();
          for (size_t i = 0; i < result.size(); i++) {
            const float distance = result[i].distance;
            // Rows of a file may contain NaN, which cannot be ordered.
            ranking.emplace_back(
              std::isnan(distance) ? std::numeric_limits<float>::infinity() : distance,
              result[i].member.slot);
          }
        };
        if (has_removed) {
          auto stays = [&](const auto &member) {
            return !Metric::head(metric.row(get_slot(member))).is_removed;
          };
          auto result = holder.graph.search(query, k, metric, config, stays, Ahead{metric});
          require(result);
          keep(result);
        } else {
          auto result =
            holder.graph.search(query, k, metric, config, us::dummy_predicate_t{}, Ahead{metric});
          require(result);
          keep(result);
        }
        std::sort(ranking.begin(), ranking.end());
        found[q] = int32_t(ranking.size());
        for (size_t i = 0; i < ranking.size(); i++) {
          places[q * k + i] = int32_t(ranking[i].second);
          scores[q * k + i] = -ranking[i].first;
        }
      }
    } catch (...) {
      holder.places.give(place);
      throw;
    }
    holder.places.give(place);
  });
  CS_END
}

int64_t graph_length(cs_graph graph) { return as_holder(graph).graph.serialized_length(); }
int32_t graph_save(cs_graph graph, cs_write write, void *context) {
  CS_TRY
  auto saved = as_holder(graph).graph.save_to_stream([&](const void *bytes, size_t count) {
    return write(bytes, count, context) != 0;
  });
  require(saved);
  CS_END
}

int32_t codes_length(const cs_rows *rows, int64_t *result) {
  CS_TRY
  *result = int64_t(codes::length(*rows));
  CS_END
}
int32_t codes_write(const cs_rows *rows, int32_t threads, void *bytes) {
  CS_TRY
  const int64_t blocks = codes::block_count(*rows);
  std::atomic<int64_t> next{0};
  in_parallel(std::clamp<int64_t>(blocks, 1, threads), [&] {
    for (int64_t block; (block = next++) < blocks;)
      codes::write(*rows, block, static_cast<char *>(bytes));
  });
  CS_END
}
int32_t codes_instructions() { return codes::best_instructions(); }
int32_t codes_scan(
  const void *bytes, const cs_rows *rows, const float *queries, int64_t count, int64_t k,
  int32_t threads, int32_t instructions, cs_take take, void *context) {
  CS_TRY
  codes::find(
    static_cast<const char *>(bytes), *rows, queries, count, size_t(k), threads, instructions,
    [&](int64_t query, const int32_t *found, int64_t number) {
      take(query, found, number, context);
    });
  CS_END
}
}  // namespace

extern "C" __attribute__((visibility("default"))) const cs_table *cs_interface(void) {
  static const cs_table table = {
    CS_INTERFACE_VERSION,
#define CS_FUNCTION(result, name, parameters, names) \
  [] parameters noexcept -> result { return name names; },
#include "../include/csearch_functions.h"
#undef CS_FUNCTION
  };
  return &table;
}
