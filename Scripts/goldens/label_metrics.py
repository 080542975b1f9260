#!/usr/bin/env python3
"""Writes the goldens of LabelMetrics and HierarchicalMetrics.

    Scripts/goldens/label_metrics.py      (numpy, scikit-learn 1.9)

Per-label numbers come from scikit-learn, with equal scores among them; hierarchical ones from plain
loops over sets.
"""
import json
import pathlib

import numpy as np
import sklearn
from sklearn.metrics import average_precision_score, precision_recall_fscore_support

GOLDENS = pathlib.Path(__file__).resolve().parents[2] / "Tests/EvaluationTests/Goldens"


def write(name, source, cases):
    text = {
        "source": source, "version": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}",
        "script": "Scripts/goldens/label_metrics.py", "cases": cases,
    }
    (GOLDENS / f"{name}.json").write_text(json.dumps(text) + "\n")


def rows(matrix):
    return [np.flatnonzero(row).tolist() for row in matrix]


def labels_case(seed, documents, labels, levels):
    chance = np.random.default_rng(seed)
    truth = chance.random((documents, labels)) < chance.uniform(0.1, 0.5, labels)
    truth[0] = True
    scores = np.round(chance.normal(size=truth.shape) + truth, 1 if levels else 6)
    decisions = scores > 0.5
    precision, recall, f1, support = precision_recall_fscore_support(
        truth, decisions, average=None, zero_division=0)
    return {
        "scores": scores.tolist(), "truth": rows(truth), "decisions": rows(decisions),
        "positives": support.tolist(),
        "precision": (100 * precision).tolist(), "recall": (100 * recall).tolist(),
        "f1": (100 * f1).tolist(),
        "averagePrecision": [
            100 * average_precision_score(truth[:, label], scores[:, label]) for label in range(labels)
        ],
    }


def hierarchy_case(seed, documents, nodes, labels):
    chance = np.random.default_rng(seed)
    parents = [sorted(set(chance.integers(node + 1, nodes, chance.integers(0, 3)).tolist()))
               if node + 1 < nodes else [] for node in range(nodes)]
    truth = chance.random((documents, labels)) < 0.2
    predicted = chance.random((documents, labels)) < 0.2
    truth[0] = False

    def up(found):
        result = set(found)
        for node in found:
            result |= up(parents[node])
        return result

    common = given = wanted = 0
    for right, guess in zip(rows(truth), rows(predicted)):
        if right:
            t, p = up(right), up(guess)
            common, given, wanted = common + len(t & p), given + len(p), wanted + len(t)
    precision, recall = common / given, common / wanted
    return {
        "parents": parents, "labels": labels, "truth": rows(truth), "predicted": rows(predicted),
        "precision": 100 * precision, "recall": 100 * recall,
        "f1": 100 * 2 * precision * recall / (precision + recall),
    }


write("LabelMetrics", "scikit-learn", [labels_case(1, 40, 6, False), labels_case(2, 60, 5, True)])
write("HierarchicalMetrics", "plain loops", [hierarchy_case(3, 20, 9, 9), hierarchy_case(4, 50, 30, 20)])
