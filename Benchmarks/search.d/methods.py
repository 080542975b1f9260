"""Methods of approximate search by Faiss on the same vectors: recall and queries a second.

python3 methods.py ROWS.f32 QUERIES.f32 DIMENSION COUNT [METHOD...]

Rows and queries are plain float32, compared by cosine. Queries are asked in blocks of 256 on one
thread; every method runs in a separate process. Times are of the processor, which other processes on
the machine disturb least. A row counts as found if its score is at least the tenth best. There are about
4 cells for the root of the rows; cells and quantizers are trained on 200,000 rows at most.
"""

import os
import subprocess
import sys
import time

import numpy as np

K, BLOCK, QUERIES, TRAINED = 10, 256, 1024, 200_000
# The name of Faiss's factory, and (cells probed, rows re-ranked per result, breadth) to try.
METHODS = {
    "exact, float32": ("Flat", [(0, 0, 0)]),
    "int8, all rows": ("SQ8", [(0, 0, 0)]),
    "int8, re-ranked": ("SQ8,RFlat", [(0, 2, 0)]),
    "4-bit product codes, re-ranked": ("PQ64x4fs,RFlat", [(0, f, 0) for f in (5, 10, 20, 40)]),
    "1-bit RaBitQ, re-ranked": ("RaBitQ,RFlat", [(0, f, 0) for f in (20, 50, 100)]),
    "cells": ("IVF{cells},Flat", [(p, 0, 0) for p in (32, 64, 128, 256, 512)]),
    "cells, int8, re-ranked": ("IVF{cells},SQ8,RFlat", [(p, 2, 0) for p in (32, 64, 128, 256)]),
    "cells, 4-bit product codes, re-ranked": (
        "IVF{cells},PQ64x4fs,RFlat",
        [(p, f, 0) for p in (32, 64, 128, 256) for f in (10, 20, 40)]),
    "cells, 1-bit RaBitQ, re-ranked": (
        "IVF{cells},RaBitQ,RFlat", [(p, f, 0) for p in (64, 128, 256) for f in (20, 50)]),
    "graph of 16 neighbours": ("HNSW16", [(0, 0, b) for b in (64, 128, 256, 512)]),
    "graph of 32 neighbours": ("HNSW32", [(0, 0, b) for b in (64, 128, 256, 512)]),
    "graph of 32 neighbours, breadth 256": ("HNSW32", [(0, 0, b) for b in (64, 128, 256, 512)]),
}


def unit(path, dimension, count):
    rows = np.fromfile(path, np.float32, count * dimension).reshape(-1, dimension)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def asked(index, queries):
    found = [index.search(queries[i : i + BLOCK], K)[1] for i in range(0, len(queries), BLOCK)]
    return np.concatenate(found)


def set_parameters(faiss, index, probes, factor, breadth):
    inner = index
    if factor:
        index.k_factor = factor
        inner = faiss.downcast_index(index.base_index)
    if probes:
        inner.nprobe = probes
    if breadth:
        inner.hnsw.efSearch = breadth


def measure(name, rows_path, queries_path, dimension, count):
    import faiss

    rows = unit(rows_path, dimension, count)
    queries = unit(queries_path, dimension, QUERIES)
    faiss.omp_set_num_threads(1)
    tenths = np.concatenate([
        np.partition(queries[i : i + 64] @ rows.T, -K, axis=1)[:, -K] for i in range(0, QUERIES, 64)])
    factory, settings = METHODS[name]
    factory = factory.format(cells=2 ** round(np.log2(4 * count**0.5)))
    used = time.process_time()
    index = faiss.index_factory(dimension, factory, faiss.METRIC_INNER_PRODUCT)
    if "HNSW" in factory:
        index.hnsw.efConstruction = 256 if "breadth 256" in name else 128
    if not index.is_trained:
        index.train(rows[:TRAINED])
    index.add(rows)
    built = time.process_time() - used
    path = f"{os.environ.get('TMPDIR', '/tmp')}/decant-methods-{os.getpid()}"
    faiss.write_index(index, path)
    size = os.path.getsize(path) / 2**20
    os.unlink(path)
    for probes, factor, breadth in settings:
        set_parameters(faiss, index, probes, factor, breadth)
        used = time.process_time()
        found = asked(index, queries)
        speed = len(queries) / (time.process_time() - used)
        scores = np.einsum("qkd,qd->qk", rows[found], queries)
        recall = np.mean((scores >= tenths[:, None] - 1e-6) & (found >= 0))
        detail = ", ".join(
            f"{value} {words}" for value, words in (
                (probes, "cells"), (factor and factor * K, "re-ranked"), (breadth, "breadth"))
            if value)
        print(
            f"| {name} | {detail} | {recall:.4f} | {speed:,.0f} | "
            f"{size:,.0f} | {built:,.0f} |", flush=True)


def main():
    rows_path, queries_path, dimension, count = sys.argv[1:3] + [int(n) for n in sys.argv[3:5]]
    if len(sys.argv) == 7 and sys.argv[5] == "--one":
        measure(sys.argv[6], rows_path, queries_path, dimension, count)
        return
    print(
        "| method | setting | recall@10 | queries a CPU second | file, MiB | building, CPU s |")
    print("|---|---|---|---|---|---|", flush=True)
    for name in sys.argv[5:] or METHODS:
        subprocess.run([sys.executable, __file__, *sys.argv[1:5], "--one", name], check=False)


main()
