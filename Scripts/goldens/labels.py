#!/usr/bin/env python3
"""Writes the goldens of Sources/Learning/Noise.

    Scripts/goldens/labels.py      (numpy, cleanlab 2.9.0)

ConfidentLearning is compared with cleanlab itself on small dense matrices; probabilities are float32
numbers, as Decant keeps them, and some are 0, which Decant does not store. NeighbourLabels is compared
with plain loops over all pairs.
"""
import json
import pathlib

import cleanlab
import numpy as np
from cleanlab.count import compute_confident_joint, get_confident_thresholds
from cleanlab.internal.label_quality_utils import _subtract_confident_thresholds
from cleanlab.internal.multilabel_utils import stack_complement

GOLDENS = pathlib.Path(__file__).resolve().parents[2] / "Tests/NoiseTests/Goldens"


def write(name, source, version, cases):
    text = {"source": source, "version": version, "script": "Scripts/goldens/labels.py", "cases": cases}
    (GOLDENS / f"{name}.json").write_text(json.dumps(text) + "\n")


def confident(seed, documents, labels, zeros, extremes):
    chance = np.random.default_rng(seed)
    truth = chance.random((documents, labels)) < chance.uniform(0.1, 0.5, labels)
    p = chance.beta(np.where(truth, 4, 1), np.where(truth, 1.5, 5))
    given = truth ^ (chance.random(truth.shape) < 0.1)
    p[chance.random(p.shape) < zeros] = 0
    if extremes:
        given[:, 0], given[:, 1] = False, True
        # A label with a single document, ties with its threshold, and certainty.
        given[:, 2] = False
        given[3, 2] = True
        p[5, 2] = p[3, 2]
        p[7, 3], p[8, 3] = 1, 0.5
    p = p.astype(np.float32).astype(np.float64)
    rows = [np.flatnonzero(row).tolist() for row in given]
    joint, errors = compute_confident_joint(rows, p, multi_label=True, calibrate=False,
                                            return_indices_of_off_diagonals=True)
    rounded = compute_confident_joint(rows, p, multi_label=True, calibrate=True)
    thresholds, adjusted = [], []
    for label in range(labels):
        binary, one = given[:, label].astype(int), stack_complement(p[:, label])
        thresholds.append(get_confident_thresholds(binary, one).tolist())
        own = _subtract_confident_thresholds(binary, one)
        adjusted.append(own[np.arange(documents), binary].tolist())
    return {
        "probabilities": p.tolist(), "given": rows, "absent": [t[0] for t in thresholds],
        "present": [t[1] for t in thresholds], "joint": joint.reshape(labels, 4).tolist(),
        "calibrated": rounded.reshape(labels, 4).tolist(), "errors": [sorted(e.tolist()) for e in errors],
        "adjusted": np.array(adjusted).T.tolist(),
    }


def neighbours(seed, documents, labels, k, asked):
    chance = np.random.default_rng(seed)
    given = chance.random((documents, labels)) < 0.3
    distrusted = chance.random(given.shape) < 0.15
    denied = given & (chance.random(given.shape) < 0.3)
    near = [chance.permutation([d for d in range(documents) if d != i])[:k].tolist() for i in range(documents)]
    similar = np.sort(chance.uniform(-0.2, 1, (documents, k)).astype(np.float32).astype(np.float64))[:, ::-1]
    shares, trusting, nearest = (np.zeros(given.shape) for _ in range(3))
    for i in range(documents):
        for label in range(labels):
            votes = [(max(0, w), j) for w, j in zip(similar[i, :asked], near[i][:asked])]
            whole = sum(w for w, _ in votes)
            trusting[i, label] = sum(w for w, j in votes if given[j, label]) / whole if whole > 0 else 0
            votes_of_trusted = [(w, j) for w, j in votes if not distrusted[j, label]]
            whole = sum(w for w, _ in votes_of_trusted)
            shares[i, label] = sum(w for w, j in votes_of_trusted if given[j, label]) / whole if whole > 0 else 0
            if not given[i, label]:
                nearest[i, label] = max([w for w, j in votes if denied[j, label]], default=0)

    def lists(matrix):
        return [np.flatnonzero(row).tolist() for row in matrix]
    return {
        "asked": asked, "given": lists(given), "distrusted": lists(distrusted), "denied": lists(denied), "near": near,
        "similarities": similar.tolist(), "all": trusting.tolist(), "trusted": shares.tolist(), "nearest": nearest.tolist(),
    }


write("ConfidentLearning", "cleanlab", cleanlab.__version__,
      [confident(1, 40, 5, 0, False), confident(2, 60, 6, 0.4, False), confident(3, 30, 5, 0.3, True)])
write("NeighbourLabels", "loops over all pairs in float64", np.__version__,
      [neighbours(4, 12, 5, 6, 6), neighbours(5, 20, 7, 8, 3)])
