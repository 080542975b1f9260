#!/usr/bin/env python3
"""Writes Tests/ModelsTests/Goldens/DocumentMemory.json: additions to scores by the labels of the
nearest documents, by the formula of DocumentMemory's doc comment in NumPy float64.

Unit vectors are rounded to float16 first, because that is how they are kept.
"""
import json
import pathlib

import numpy as np

FOLDER = pathlib.Path(__file__).parents[2] / "Tests" / "ModelsTests" / "Goldens"


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def additions(embeddings, labels, queries, neighbours, temperature, weight, floor=0.1):
    kept = [row for row, own in enumerate(labels) if own]
    known = unit(embeddings[kept]).astype(np.float16).astype(np.float64)
    result = np.zeros((len(queries), 1 + max(max(own, default=0) for own in labels)))
    for query, vector in enumerate(queries):
        cosines = known @ (vector / np.linalg.norm(vector))
        nearest = [i for i in np.argsort(-cosines, kind="stable")[:neighbours] if cosines[i] > 0]
        if not nearest:
            continue
        mass = np.exp(cosines[nearest] / temperature)
        share = np.zeros(result.shape[1])
        for place, w in zip(nearest, mass / mass.sum()):
            share[labels[kept[place]]] += w
        result[query] = weight * np.log(1 + share / floor)
    return result


cases = []
for seed, (count, dimension, neighbours, temperature, weight) in enumerate(
    [(7, 4, 3, 0.05, 1.0), (9, 3, 64, 0.2, 0.5), (6, 2, 1, 0.02, 2.0)]
):
    rng = np.random.default_rng(seed)
    # Eighths are exact in float32.
    embeddings = np.round(rng.normal(0, 2, (count, dimension)) * 8) / 8
    queries = np.round(rng.normal(0, 2, (4, dimension)) * 8) / 8
    queries[3] = -embeddings.sum(0) - 8
    labels = [sorted(rng.choice(5, rng.integers(0, 4), replace=False).tolist()) for _ in range(count)]
    labels[0] = [0, 4]
    cases.append({
        "embeddings": {"shape": list(embeddings.shape), "values": embeddings.ravel().tolist()},
        "labels": labels,
        "queries": {"shape": list(queries.shape), "values": queries.ravel().tolist()},
        "neighbours": neighbours, "temperature": temperature, "weight": weight,
        "additions": additions(embeddings, labels, queries, neighbours, temperature, weight).tolist(),
    })
FOLDER.mkdir(exist_ok=True)
golden = {"source": "NumPy float64", "version": f"numpy {np.__version__}",
          "script": "Scripts/goldens/document_memory.py", "cases": cases}
(FOLDER / "DocumentMemory.json").write_text(json.dumps(golden) + "\n")
print("DocumentMemory", len(cases))
