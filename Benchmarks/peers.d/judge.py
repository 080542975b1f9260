#!/usr/bin/env python3
"""Evaluates a ranking and prints one JSON object of percentages.

FEATURES is the output of features.py. RANKING is a .npy of label numbers, best first, padded with -1,
or decant's lines {"id", "labels"}; its labels are numbers in the order of the features' labels, or
with --names their names. Every row of the truth with a label counts; repeated labels of a row count
once. A and B are the parameters of the propensity model (Jain et al., KDD 2016).

Macro measures at k are means over the labels with a true row, each label counting the same: a label is
predicted for a row if it is among the row's first k. macroP@k: hits / predictions, 0 for a label never
predicted. macroR@k: hits / true rows. macroF1@k: 2 hits / (predictions + true rows). With one label a
row, macroF1@1 is the usual macro F1.
"""
import argparse
import json
import math
import sys

import numpy as np
import scipy.sparse as sp

CUTOFFS = (1, 3, 5)


def metrics(ranked, truth, train_counts, train_documents, a=0.55, b=1.5):
    """ranked: [n, k]; truth: CSR [n, labels]."""
    scale = max(0.0, math.log(max(train_documents, 1)) - 1) * (b + 1) ** a
    weight = 1 + scale * (np.asarray(train_counts, np.float64) + b) ** -a
    sums = dict.fromkeys(
        ["P@1", "P@3", "P@5", "nDCG@5", "PSP@1", "PSP@3", "PSP@5", "R@10", "R@100"], 0.0)
    best = dict.fromkeys(CUTOFFS, 0.0)
    labels = truth.shape[1]
    predicted, hit = ({k: np.zeros(labels, np.int64) for k in CUTOFFS} for _ in range(2))
    discount = 1 / np.log2(np.arange(5) + 2)
    rows = 0
    for i in range(truth.shape[0]):
        own = truth.indices[truth.indptr[i]:truth.indptr[i + 1]]
        if len(own) == 0:
            continue
        rows += 1
        row = np.array(list(dict.fromkeys(x for x in ranked[i].tolist() if x >= 0)), np.int64)
        hits = np.isin(row, own)
        ideal = np.sort(weight[own])[::-1]
        for k in CUTOFFS:
            predicted[k][row[:k]] += 1
            hit[k][row[:k][hits[:k]]] += 1
            sums[f"P@{k}"] += hits[:k].sum() / k
            sums[f"PSP@{k}"] += weight[row[:k][hits[:k]]].sum()
            best[k] += ideal[:k].sum()
        sums["nDCG@5"] += discount[:len(hits[:5])][hits[:5]].sum() / discount[:len(own)].sum()
        for k in (10, 100):
            sums[f"R@{k}"] += hits[:k].sum() / len(own)
    for name in sums:
        whole = best[int(name[4:])] if name.startswith("PSP") else rows
        sums[name] = 100 * sums[name] / whole if whole else 0.0
    true_rows = np.bincount(truth.indices, minlength=labels)
    return {**sums, **macro(predicted, hit, true_rows)}


def macro(predicted, hit, true_rows):
    """predicted and hit: cutoff -> counts per label; true_rows: counts per label."""
    known = true_rows > 0
    result = {}
    for k in CUTOFFS:
        p, h, t = predicted[k][known], hit[k][known], true_rows[known]
        for name, values in (("macroP", h / np.maximum(p, 1)), ("macroR", h / t),
                             ("macroF1", 2 * h / (p + t))):
            result[f"{name}@{k}"] = 100 * float(values.mean()) if len(values) else 0.0
    return result


def read_ranking(path, names):
    """names: label -> number; None if the labels are numbers already."""
    if path.endswith(".npy"):
        return np.load(path)
    with open(path, encoding="utf-8") as f:
        rows = [[int(x) if names is None else names[x] for x in json.loads(line)["labels"]]
                for line in f]
    width = max(map(len, rows))
    return np.array([r + [-1] * (width - len(r)) for r in rows], np.int32)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("features")
    p.add_argument("ranking")
    p.add_argument("--names", action="store_true")
    p.add_argument("--propensity", type=float, nargs=2, default=(0.55, 1.5), metavar=("A", "B"))
    args = p.parse_args()
    train = sp.load_npz(f"{args.features}/labels-train.npz")
    test = sp.load_npz(f"{args.features}/labels-test.npz")
    names = None
    if args.names:
        with open(f"{args.features}/labels.json", encoding="utf-8") as f:
            names = {label: i for i, label in enumerate(json.load(f))}
    ranked = read_ranking(args.ranking, names)
    if len(ranked) != test.shape[0]:
        sys.exit(f"{args.ranking}: {len(ranked)} rankings for {test.shape[0]} documents")
    counts = np.asarray(train.sum(0)).ravel()
    print(json.dumps(metrics(ranked, test, counts, train.shape[0], *args.propensity)))


if __name__ == "__main__":
    main()
