#!/usr/bin/env python3
"""Writes Tests/ExtremeTests/Goldens/Loki.json: distances by scipy's shortest paths and numpy, the
expected squared distance of every label by a matrix product in float64, its first minimum.

Probabilities are multiples of 1/1024, so that they are the same numbers in float32.
"""
import json
import pathlib

import numpy as np
import scipy
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import shortest_path

rng = np.random.default_rng(7)


def probabilities(rows, columns, filled):
    p = np.zeros((rows, columns))
    for row in p:
        some = rng.choice(columns, filled, replace=False)
        row[some] = rng.multinomial(1024, rng.dirichlet(np.ones(filled))) / 1024
    return p


def paths(nodes, edges, lengths=None):
    weights = np.ones(len(edges)) if lengths is None else np.array(lengths)
    a, b = np.array(edges).T
    return shortest_path(csr_matrix((weights, (a, b)), (nodes, nodes)), directed=False)


def case(kind, distances, observed, p, **more):
    spread = p @ (distances[observed] ** 2) / p.sum(1, keepdims=True)
    best = spread.min(1, keepdims=True)
    # If rounding could decide, any of these is right.
    good = [np.flatnonzero(row <= least + 1e-9).tolist() for row, least in zip(spread, best)]
    return {"kind": kind, "labels": int(distances.shape[0]), "observed": observed,
            "probabilities": p.tolist(), "variances": best[:, 0].tolist(), "means": good, **more}


cases = []
# A path of hops where every other label is observed.
n = 9
edges = [(i, i + 1) for i in range(n - 1)]
observed = [0, 2, 4, 6, 8]
cases.append(case("graph", paths(n, edges), observed, probabilities(12, 5, 3), nodes=n, edges=edges))
# A graph with edge lengths and three nodes that are not labels.
nodes, n = 14, 11
edges = [(i, int(rng.integers(0, i))) for i in range(1, nodes)] + [(0, 9), (3, 12), (5, 13), (2, 7)]
lengths = (rng.integers(1, 40, len(edges)) / 8).tolist()
observed = [10, 1, 3, 4, 8, 0]
cases.append(case("graph", paths(nodes, edges, lengths)[:n, :n], observed, probabilities(12, 6, 4),
                  nodes=nodes, edges=edges, lengths=lengths))
# Trees: all nodes are labels; leaves and a few others are observed; with edge lengths.
for nodes, n, filled, weighted in [(15, 15, 4, False), (40, 25, 5, False), (40, 25, 6, True)]:
    place = rng.permutation(nodes)
    parents = [None] * nodes
    for i in range(1, nodes):
        parents[place[i]] = int(place[rng.integers(max(0, i - 9), i)])
    edges = [(i, p) for i, p in enumerate(parents) if p is not None]
    own = (rng.integers(1, 40, nodes) / 8).tolist() if weighted else None
    lengths = [own[i] for i, _ in edges] if weighted else None
    observed = rng.choice(n, n // 2, replace=False).tolist()
    cases.append(case("tree", paths(nodes, edges, lengths)[:n, :n], observed,
                      probabilities(20, len(observed), filled), parents=parents,
                      **({"lengths": own} if weighted else {})))
# Vectors in two and five dimensions; some rows have only one label.
for n, d, filled in [(12, 2, 3), (30, 5, 8), (30, 5, 1)]:
    vectors = rng.integers(-64, 65, (n, d)) / 32
    distances = np.sqrt(((vectors[:, None] - vectors[None]) ** 2).sum(-1))
    observed = rng.choice(n, 10, replace=False).tolist()
    cases.append(case("vectors", distances, observed, probabilities(15, 10, filled),
                      vectors=vectors.ravel().tolist(), dimension=d))
# A matrix that does not come from a graph, and the discrete metric.
points = rng.random((8, 8))
matrix = np.triu(points, 1) + np.triu(points, 1).T
cases.append(case("matrix", matrix, list(range(8)), probabilities(15, 8, 8),
                  matrix=matrix.ravel().tolist()))
cases.append(case("discrete", 1 - np.eye(6), list(range(6)), probabilities(15, 6, 4)))

path = pathlib.Path(__file__).parents[2] / "Tests/ExtremeTests/Goldens/Loki.json"
golden = {"source": "scipy shortest paths, numpy in float64",
          "version": f"scipy {scipy.__version__}, numpy {np.__version__}",
          "script": "Scripts/goldens/loki.py", "cases": cases}
path.write_text(json.dumps(golden) + "\n")
print(path, len(cases))
