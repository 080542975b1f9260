// The functions of the C interface, each named once: CS_FUNCTION(result, name, parameters, names).
// Included several times with different definitions of CS_FUNCTION, so that they cannot drift
// apart. No include guard on purpose.
//
// Functions that return int32_t return a cs_code unless a comment says otherwise; results go
// through the last pointer. A graph may be searched from several threads at once; nothing else may
// happen meanwhile. `rows` may lie elsewhere at each call, with the same content.

CS_FUNCTION(const char *, last_error, (void), ())
CS_FUNCTION(const char *, library_version, (void), ())

// An empty graph with `connectivity` neighbours a row, twice as many on the lowest level.
CS_FUNCTION(int32_t, graph_new, (int64_t connectivity, cs_graph *result), (connectivity, result))
// A graph from what `graph_save` wrote: copied, or, where `is_borrowed`, looked at where it lies, to
// be searched only.
CS_FUNCTION(int32_t, graph_open, (const void *bytes, size_t length, int32_t is_borrowed, cs_graph *result), (bytes, length, is_borrowed, result))
CS_FUNCTION(void, graph_free, (cs_graph graph), (graph))
CS_FUNCTION(int64_t, graph_count, (cs_graph graph), (graph))  // the number itself
CS_FUNCTION(int64_t, graph_connectivity, (cs_graph graph), (graph))  // the number itself
CS_FUNCTION(int64_t, graph_memory, (cs_graph graph), (graph))  // the number itself, in bytes

// Adds the rows before `end` that the graph does not have yet, comparing each with about `breadth`
// candidates.
CS_FUNCTION(int32_t, graph_grow, (cs_graph graph, const cs_rows *rows, int64_t end, int64_t breadth, int32_t threads), (graph, rows, end, breadth, threads))
// The best `k` rows of each of `count` queries (float32, `dimension` numbers each), best first, equal
// scores by rising row: `found[q]` of them, at q k of `places` and `scores`. Rows that are removed
// are passed over where `has_removed`.
CS_FUNCTION(int32_t, graph_search, (cs_graph graph, const cs_rows *rows, int32_t has_removed, const float *queries, int64_t count, int64_t k, int64_t breadth, int32_t threads, int32_t *places, float *scores, int32_t *found), (graph, rows, has_removed, queries, count, k, breadth, threads, places, scores, found))
CS_FUNCTION(int64_t, graph_length, (cs_graph graph), (graph))  // what graph_save writes, in bytes
CS_FUNCTION(int32_t, graph_save, (cs_graph graph, cs_write write, void *context), (graph, write, context))
