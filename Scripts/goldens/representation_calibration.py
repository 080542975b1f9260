#!/usr/bin/env python3
"""Writes Tests/NoiseTests/Goldens/RCAL.json.

Outliers by scikit-learn; means, covariances and what tail classes borrow by the equations in numpy.
"""
import json
import pathlib

import numpy
import sklearn
from sklearn.neighbors import LocalOutlierFactor


def case(seed, counts, width, neighbours, factor, donors, borrowing, ridge):
    random = numpy.random.default_rng(seed)
    classes = [c for c, n in enumerate(counts) for _ in range(n)]
    centres = 4 * random.standard_normal((len(counts), width))
    rows = centres[classes] + random.standard_normal((len(classes), width))
    # Some rows have the label of another class.
    for i in range(0, len(classes), 6):
        rows[i] = centres[(classes[i] + 1) % len(counts)] + random.standard_normal(width)
    order = random.permutation(len(classes))
    classes, rows = numpy.array(classes)[order], rows[order]
    kept, statistics = [], []
    for c in range(len(counts)):
        members = numpy.nonzero(classes == c)[0]
        if len(members) > 1:
            found = LocalOutlierFactor(n_neighbors=min(neighbours, len(members) - 1))
            found.fit(rows[members])
            members = members[-found.negative_outlier_factor_ <= factor]
        kept += members.tolist()
        of = rows[members]
        covariance = numpy.cov(of.T) if len(members) > 1 else numpy.zeros((width, width))
        statistics.append((len(members), of.mean(axis=0), covariance))
    mean = sum(n for n, _, _ in statistics) / len(statistics)
    heads = [s for s in statistics if s[0] >= mean]
    covariances = []
    for n, centre, covariance in statistics:
        if n < mean:
            near = sorted(heads, key=lambda h: ((h[1] - centre) ** 2).sum())[:donors]
            weights = numpy.array([h[0] / ((h[1] - centre) ** 2).sum() for h in near])
            weights /= weights.sum()
            a = n / (n + borrowing)
            covariance = a * covariance + (1 - a) * sum(w * h[2] for w, h in zip(weights, near))
        covariances.append((covariance + ridge * numpy.eye(width)).tolist())
    return {
        "options": {
            "neighbours": neighbours, "outlierFactor": factor, "donors": donors,
            "borrowing": borrowing, "ridge": ridge},
        "rows": rows.tolist(), "classes": classes.tolist(), "kept": sorted(kept),
        "counts": [n for n, _, _ in statistics], "means": [m.tolist() for _, m, _ in statistics],
        "covariances": covariances}


path = pathlib.Path(__file__).parents[2] / "Tests/NoiseTests/Goldens/RCAL.json"
path.write_text(json.dumps({
    "source": "scikit-learn and numpy", "version": sklearn.__version__,
    "script": "Scripts/goldens/representation_calibration.py", "cases": [
        case(1, [18, 12, 4], 2, 5, 1.5, 1, 10, 1e-4), case(2, [20, 16, 14, 3, 1], 3, 4, 1.2, 2, 5, 0.1),
        case(3, [9, 9], 2, 30, 1.1, 3, 0, 0)]}) + "\n")
