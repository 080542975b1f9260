#!/usr/bin/env python3
"""Writes NeighbourLayout.json and Trustworthiness.json: the graph of a neighbour layout, and
the trustworthiness of a map, by loops over the papers' formulas in double precision."""
import json
import math
import pathlib

import numpy

GOLDENS = pathlib.Path(__file__).resolve().parents[2] / "Tests/EvaluationTests/Goldens"
random = numpy.random.default_rng(7)


def order(distances, own):
    return [j for j in sorted(range(len(distances)), key=lambda j: (distances[j], j)) if j != own]


def distances_of(vectors):
    return [[math.dist(a, b) for b in vectors] for a in vectors]


def graph(vectors, k):
    all_distances = distances_of(vectors)
    n = len(vectors)
    directed = [[0.0] * n for _ in range(n)]
    for i in range(n):
        near = order(all_distances[i], i)[: k - 1]
        d = [all_distances[i][j] for j in near]
        rho = next((x for x in d if x > 0), None)
        if rho is None:
            for j in near:
                directed[i][j] = 1.0
            continue
        target = math.log2(len(d) + 1)
        low, high = 1e-12, 1e6
        for _ in range(300):
            middle = math.sqrt(low * high)
            total = sum(math.exp(-max(0.0, x - rho) / middle) for x in d)
            low, high = (middle, high) if total < target else (low, middle)
        sigma = max(high, 1e-3 * sum(d) / (len(d) + 1))
        for j, x in zip(near, d):
            directed[i][j] = math.exp(-max(0.0, x - rho) / sigma)
    weights = []
    for i in range(n):
        for j in range(n):
            a, b = directed[i][j], directed[j][i]
            if a + b > 0:
                weights.append([i, j, a + b - a * b])
    return weights


def trustworthiness(points, vectors, k):
    n = len(points)
    on_map, in_truth = distances_of(points), distances_of(vectors)
    total = 0
    for i in range(n):
        rank = {j: place + 1 for place, j in enumerate(order(in_truth[i], i))}
        total += sum(rank[j] - k for j in order(on_map[i], i)[:k] if rank[j] > k)
    return 1 - 2 * total / (n * k * (2 * n - 3 * k - 1))


def write(name, cases):
    content = {
        "source": "loops over the papers' formulas", "version": f"numpy {numpy.__version__}",
        "script": "Scripts/goldens/layouts.py", "cases": cases,
    }
    (GOLDENS / f"{name}.json").write_text(json.dumps(content) + "\n", encoding="utf-8")


def rounded(array):
    return [[round(float(x), 4) for x in row] for row in array]


layouts, maps = [], []
for count, dimension, k in [(9, 3, 4), (14, 5, 6)]:
    vectors = rounded(random.normal(size=(count, dimension)))
    # Two equal vectors.
    vectors[3] = vectors[1]
    layouts.append({"vectors": vectors, "neighbours": k, "edges": graph(vectors, k)})
for count, k in [(12, 3), (21, 7)]:
    vectors = rounded(random.normal(size=(count, 4)))
    points = rounded(random.normal(size=(count, 2)))
    for index in range(count // 2):
        points[index] = vectors[index][:2]
    maps.append({
        "vectors": vectors, "points": points, "neighbours": k,
        "value": trustworthiness(points, vectors, k)})
write("NeighbourLayout", layouts)
write("Trustworthiness", maps)
