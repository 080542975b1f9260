"""Approximate search by three libraries on the same vectors: recall against queries per second.

python3 libraries.py ROWS.f32 QUERIES.f32 DIMENSION COUNT [LIBRARY...]

Rows and queries are plain float32, compared by cosine. Each library runs in a separate process, to
measure its memory. Queries run one at a time on one thread; speed is per CPU second, which other
processes on the machine disturb least. Graphs have 16 neighbours per row (32 on the lowest level) and
are built with a breadth of 128 by two threads.
"""

import os
import subprocess
import sys
import time

import numpy as np

M, BUILD_BREADTH, K = 16, 128, 10
BREADTHS = (16, 32, 64, 128, 256)
NAMES = ("usearch-f32", "usearch-f16", "usearch-i8", "hnswlib", "faiss-hnsw", "faiss-hnsw-sq8", "faiss-ivf")


def unit(path, dimension, count):
    rows = np.fromfile(path, np.float32, count * dimension).reshape(-1, dimension)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def resident(kind="RssAnon"):
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith(kind + ":"):
                return int(line.split()[1]) / 1024
    return 0.0


def truth(rows, queries):
    best = np.empty((len(queries), K), np.int64)
    for start in range(0, len(queries), 64):
        scores = queries[start : start + 64] @ rows.T
        part = np.argpartition(-scores, K, axis=1)[:, :K]
        best[start : start + 64] = part
    return best


class USearch:
    def __init__(self, scalar):
        self.scalar = scalar

    def build(self, rows, path):
        from usearch.index import Index

        index = Index(
            ndim=rows.shape[1], metric="ip", dtype=self.scalar, connectivity=M,
            expansion_add=BUILD_BREADTH)
        index.add(np.arange(len(rows)), rows, threads=2)
        index.save(path)
        return index

    def ask(self, index, query, breadth):
        index.expansion_search = breadth
        return index.search(query, K, threads=1).keys

    def map(self, path, dimension):
        from usearch.index import Index

        return Index.restore(path, view=True)


class HNSWLib:
    def build(self, rows, path):
        import hnswlib

        index = hnswlib.Index("ip", rows.shape[1])
        index.init_index(len(rows), ef_construction=BUILD_BREADTH, M=M)
        index.add_items(rows, num_threads=2)
        index.save_index(path)
        return index

    def ask(self, index, query, breadth):
        index.set_ef(breadth)
        return index.knn_query(query, K, num_threads=1)[0][0]

    def map(self, path, dimension):
        return None


class Faiss:
    def __init__(self, kind):
        self.kind = kind

    def build(self, rows, path):
        import faiss

        faiss.omp_set_num_threads(2)
        index = faiss.index_factory(rows.shape[1], self.kind, faiss.METRIC_INNER_PRODUCT)
        if "HNSW" in self.kind:
            index.hnsw.efConstruction = BUILD_BREADTH
        if not index.is_trained:
            index.train(rows[:100_000])
        index.add(rows)
        faiss.write_index(index, path)
        return index

    def ask(self, index, query, breadth):
        import faiss

        faiss.omp_set_num_threads(1)
        if "HNSW" in self.kind:
            index.hnsw.efSearch = breadth
        else:
            index.nprobe = max(1, breadth // 4)
        return index.search(query[None], K)[1][0]

    def map(self, path, dimension):
        import faiss

        return faiss.read_index(path, faiss.IO_FLAG_MMAP_IFC if "HNSW" in self.kind else faiss.IO_FLAG_MMAP)


def library(name, count):
    if name.startswith("usearch"):
        return USearch(name.split("-")[1])
    if name == "hnswlib":
        return HNSWLib()
    return Faiss({
        "faiss-hnsw": f"HNSW{M},Flat", "faiss-hnsw-sq8": f"HNSW{M},SQ8",
        "faiss-ivf": f"IVF{int(4 * count ** 0.5)},Flat"}[name])


def measure(name, rows_path, queries_path, dimension, count, path):
    rows = unit(rows_path, dimension, count)
    queries = unit(queries_path, dimension, 1000)
    wanted = truth(rows, queries)
    user = library(name, count)
    before, begun, used = resident(), time.time(), time.process_time()
    index = user.build(rows, path)
    built, used = time.time() - begun, time.process_time() - used
    memory = resident() - before
    cells = []
    for breadth in BREADTHS:
        begun = time.process_time()
        found = [user.ask(index, query, breadth) for query in queries]
        speed = len(queries) / (time.process_time() - begun)
        hits = sum(len(set(map(int, a)) & set(map(int, b))) for a, b in zip(found, wanted))
        cells.append(f"{hits / wanted.size:.4f} at {speed:,.0f}")
    print(
        f"| {name} | {used:.0f} ({built:.0f}) | {memory:.0f} | {os.path.getsize(path) / 2**20:.0f} | "
        + "{mapped} | " + " | ".join(cells) + " |", flush=True)


def mapped(name, queries_path, dimension, count, path):
    queries = unit(queries_path, dimension, 100)
    user = library(name, count)
    before = resident()
    index = user.map(path, dimension)
    if index is None:
        print("no")
        return
    for query in queries:
        user.ask(index, query, 64)
    print(f"{resident() - before:.0f}")


def main():
    rows_path, queries_path, dimension, count = sys.argv[1:3] + [int(n) for n in sys.argv[3:5]]
    if len(sys.argv) == 8:
        step, name, path = sys.argv[5:]
        if step == "measure":
            measure(name, rows_path, queries_path, dimension, count, path)
        else:
            mapped(name, queries_path, dimension, count, path)
        return
    print(
        "| library | build, CPU s (wall) | memory, MiB | file, MiB | private memory when mapped, MiB | "
        + " | ".join(f"breadth {b}" for b in BREADTHS) + " |")
    print("|---" * (5 + len(BREADTHS)) + "|", flush=True)
    path = f"/tmp/decant-libraries-{os.getpid()}"
    for name in sys.argv[5:] or NAMES:
        lines = []
        for step in ("measure", "mapped"):
            run = subprocess.run(
                [sys.executable, __file__, *sys.argv[1:5], step, name, path],
                stdout=subprocess.PIPE, text=True)
            lines.append(run.stdout.strip() or "failed")
        print(lines[0].replace("{mapped}", lines[1]), flush=True)
        os.unlink(path)


main()
