// The functions of the C interface, each listed once: CS_FUNCTION(result, name, parameters, names).
// Included several times with different definitions of CS_FUNCTION, so that they cannot drift
// apart. Deliberately without an include guard.
//
// Functions that return int32_t return a cs_code unless a comment says otherwise; results are
// written through the last pointer. Several threads may search a graph at once, but only while
// nothing else uses it. `rows` may be at another address in each call, with the same content.

CS_FUNCTION(const char *, last_error, (void), ())
CS_FUNCTION(const char *, library_version, (void), ())

// An empty graph with `connectivity` neighbours per row, twice as many on the lowest level.
CS_FUNCTION(int32_t, graph_new, (int64_t connectivity, cs_graph *result), (connectivity, result))
// Opens the output of `graph_save`: a copy, or, if `is_borrowed`, a view of the bytes that can only
// be searched.
CS_FUNCTION(int32_t, graph_open, (const void *bytes, size_t length, int32_t is_borrowed, cs_graph *result), (bytes, length, is_borrowed, result))
CS_FUNCTION(void, graph_free, (cs_graph graph), (graph))
CS_FUNCTION(int64_t, graph_count, (cs_graph graph), (graph))  // the number itself
CS_FUNCTION(int64_t, graph_connectivity, (cs_graph graph), (graph))  // the number itself
CS_FUNCTION(int64_t, graph_memory, (cs_graph graph), (graph))  // the number itself, in bytes

// Adds the rows before `end` that the graph does not have yet, comparing each with about `breadth`
// candidates.
CS_FUNCTION(int32_t, graph_grow, (cs_graph graph, const cs_rows *rows, int64_t end, int64_t breadth, int32_t threads), (graph, rows, end, breadth, threads))
// The best `k` rows of each of `count` queries (float32, `dimension` numbers each), best first,
// equal scores by ascending row: `found[q]` of them, at q k of `places` and `scores`. If
// `has_removed`, removed rows are skipped.
CS_FUNCTION(int32_t, graph_search, (cs_graph graph, const cs_rows *rows, int32_t has_removed, const float *queries, int64_t count, int64_t k, int64_t breadth, int32_t threads, int32_t *places, float *scores, int32_t *found), (graph, rows, has_removed, queries, count, k, breadth, threads, places, scores, found))
CS_FUNCTION(int64_t, graph_length, (cs_graph graph), (graph))  // of the output of graph_save, in bytes
CS_FUNCTION(int32_t, graph_save, (cs_graph graph, cs_write write, void *context), (graph, write, context))

// The bytes of the eight-bit codes of a table; they belong to the caller and start at a multiple of 64.
CS_FUNCTION(int32_t, codes_length, (const cs_rows *rows, int64_t *result), (rows, result))
// Writes them with some threads.
CS_FUNCTION(int32_t, codes_write, (const cs_rows *rows, int32_t threads, void *bytes), (rows, threads, bytes))
// The best instruction set of this processor that the environment variable DECANT_CPU allows.
CS_FUNCTION(int32_t, codes_instructions, (void), ())  // the cs_instructions itself
// Calls `take` once for each of `count` queries, possibly on several threads at once, with all rows
// that may be among its best `k`. Codes, rows and `dimension` must match; `instructions` must be ones
// that this processor has.
CS_FUNCTION(int32_t, codes_scan, (const void *bytes, const cs_rows *rows, const float *queries, int64_t count, int64_t k, int32_t threads, int32_t instructions, cs_take take, void *context), (bytes, rows, queries, count, k, threads, instructions, take, context))
