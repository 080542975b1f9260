#!/usr/bin/env python3
"""Writes Tests/EvaluationTests/Goldens/RankingMetrics.json: metrics of two small cases in float64.

Dense matrices and whole-array numpy, from the published definitions: Jain et al., KDD 2016
(propensities, PSP, PSnDCG) and the P, nDCG definitions of the extreme classification repository.
Rows without labels are removed first.
"""
import json
import pathlib

import numpy as np


def case(seed, rows, labels, k, train_rows, a, b, empty):
    rng = np.random.default_rng(seed)
    scores = rng.integers(-6, 7, (rows, labels)) / 4.0  # few values, so that many tie
    popularity = 1 / np.arange(1, labels + 1)
    truth = rng.random((rows, labels)) < 0.5 * popularity ** 0.5
    truth[np.arange(rows), rng.integers(0, labels, rows)] = True
    truth[empty] = False
    counts = np.floor(train_rows * popularity ** 1.3).astype(int)
    counts[-2:] = 0

    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    keep = truth.any(1)
    t, o = truth[keep].astype(np.float64), order[keep]
    c = (np.log(train_rows) - 1) * (b + 1) ** a
    w = 1 + c * (counts + b) ** -a
    n, width = t.shape
    size = t.sum(1)
    hit = np.take_along_axis(t, o, 1)
    discount = 1 / np.log2(np.arange(width) + 2)
    best = -np.sort(-(t * w), axis=1)

    by_count = np.lexsort((np.arange(width), -counts))
    mass = counts[by_count].cumsum()
    total = counts.sum()
    decile = np.full(width, 9)
    for i in range(10):
        decile[by_count[(mass * 10 > i * total) & (mass * 10 <= (i + 1) * total) & (counts[by_count] > 0)]] = i

    values, deciles = {}, [{"labels": int((decile == d).sum()), "positives": int(counts[decile == d].sum())} for d in range(10)]
    for q in (1, 2, 3, 5, k):
        top = np.zeros_like(t)
        np.put_along_axis(top, o[:, :q], 1, 1)
        ideal = np.array([discount[:min(q, int(s))].sum() for s in size])
        values[f"P@{q}"] = (top * t).sum(1).mean() / q
        values[f"R@{q}"] = ((top * t).sum(1) / size).mean()
        values[f"nDCG@{q}"] = ((hit[:, :q] * discount[:q]).sum(1) / ideal).mean()
        values[f"MRR@{q}"] = (hit[:, :q] / np.arange(1, q + 1)).max(1).mean()
        values[f"PSP@{q}"] = (top * t * w).sum() / best[:, :q].sum()
        gained = ((hit[:, :q] * w[o[:, :q]] * discount[:q]).sum(1) / ideal).mean()
        values[f"PSnDCG@{q}"] = gained / ((best[:, :q] * discount[:q]).sum(1) / ideal).mean()
        tp, predicted, wanted = (top * t).sum(0), top.sum(0), t.sum(0)
        present = wanted > 0
        tp, predicted, wanted = tp[present], predicted[present], wanted[present]
        values[f"macroP@{q}"] = np.divide(tp, predicted, out=np.zeros_like(tp), where=predicted > 0).mean()
        values[f"macroR@{q}"] = (tp / wanted).mean()
        values[f"macroF1@{q}"] = (2 * tp / (predicted + wanted)).mean()
        for d in range(10):
            inside = decile == d
            some = t[:, inside].any(1)
            found = (top * t)[:, inside].sum(1)
            deciles[d][f"P@{q}"] = 100 * found.mean() / q
            deciles[d][f"R@{q}"] = 100 * (found[some] / t[some][:, inside].sum(1)).mean() if some.any() else 0.0
    result = {name: 100 * value for name, value in values.items()}
    result.update(deciles=deciles, rows=int(n), rowsWithoutLabels=int(rows - n))
    return {
        "k": k, "trainingDocuments": train_rows, "exponent": a, "offset": b,
        "labelCounts": counts.tolist(), "scores": scores.tolist(),
        "truth": [np.flatnonzero(r).tolist() for r in truth], "result": result,
    }


cases = [
    case(1, rows=9, labels=14, k=10, train_rows=200, a=0.55, b=1.5, empty=[4]),
    case(2, rows=7, labels=25, k=12, train_rows=1000, a=0.6, b=2.6, empty=[0, 6]),
]
path = pathlib.Path(__file__).parents[2] / "Tests/EvaluationTests/Goldens/RankingMetrics.json"
golden = {"source": "definitions in numpy float64", "version": f"numpy {np.__version__}",
          "script": "Scripts/goldens/ranking_metrics.py", "cases": cases}
path.write_text(json.dumps(golden, indent=1) + "\n")
