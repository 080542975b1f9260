#!/usr/bin/env python3
"""Writes the goldens of SCLLoss, ComplementaryForwardLoss, ComplementaryRiskLoss and IntraClusterMixup.

    Scripts/goldens/complementary_labels.py CHECKOUT

CHECKOUT holds Ishida's code (github.com/takashiishida/comp), which gives the unbiased and the
non-negative risk, and the forward loss of uniform labels. The rest is written from the equations in
PyTorch float64.
"""
import sys

import numpy
import torch
from pair_loss_cases import case, rows, write

sys.path.insert(0, sys.argv[1])
import utils_algo  # noqa: E402

# Their masks are bytes, which PyTorch no longer takes.
select = torch.masked_select
torch.masked_select = lambda x, mask: select(x, mask.bool())

SCRIPT = "complementary_labels.py"


def scl(x, kind, complements):
    p = torch.softmax(x, dim=1)[range(len(x)), complements]
    return (-(1 - p).log() if kind == "negativeLog" else p.exp()).mean()


def forward(x, transitions, complements):
    q = torch.softmax(x, dim=1) @ torch.tensor(transitions)
    found = -q[range(len(x)), complements].log().mean()
    classes = len(transitions)
    if all(q == 1 / (classes - 1) for i, r in enumerate(transitions) for j, q in enumerate(r) if i != j):
        theirs = utils_algo.forward_loss(x, classes, torch.tensor(complements))
        assert abs(theirs - found) < 1e-12
        return theirs
    return found


def risk(x, priors, kind, complements):
    labels, classes, priors = torch.tensor(complements), x.shape[1], numpy.array(priors)
    if kind == "unbiased":
        return utils_algo.assump_free_loss(x, classes, labels, priors)[0]
    if kind == "nonNegative":
        return utils_algo.non_negative_loss(x, classes, labels, priors, 0)[0]
    losses = -x.log_softmax(dim=1)
    parts = []
    for j in range(classes):
        part = 0
        for k in range(classes):
            members = losses[labels == k]
            if len(members):
                part = part + priors[k] * members[:, j].mean()
                if k == j:
                    part = part - (classes - 1) * priors[k] * members[:, j].mean()
        parts.append(torch.as_tensor(part))
    if min(parts) < 0:
        return -sum(p for p in parts if p < 0)
    return sum(parts)


def mixup(x, weights, concentration, share, partners, complements):
    mixed = share * x + (1 - share) * x[partners]
    logits = mixed @ weights
    other = [complements[j] for j in partners]
    return share * scl(logits, "negativeLog", complements) \
        + (1 - share) * scl(logits, "negativeLog", other)


def uniform(classes):
    return [[0 if i == j else 1 / (classes - 1) for j in range(classes)] for i in range(classes)]


write("SCLLoss", SCRIPT, "the equations in PyTorch", [
    case(scl, {"kind": k, "complements": c}, rows(s, len(c), n, scale))
    for s, (k, c, n, scale) in enumerate([
        ("negativeLog", [0, 2, 1, 1], 3, 1), ("negativeLog", [3], 5, 4),
        ("exponential", [0, 2, 1, 1], 3, 1), ("exponential", [1, 0], 2, 6)])], tests="NoiseTests")
BIASED = [[0, 0.75, 0.25], [0.5, 0, 0.5], [0.125, 0.875, 0]]
write("ComplementaryForwardLoss", SCRIPT, "the code of Ishida and others, and the equation", [
    case(forward, {"transitions": q, "complements": c}, rows(20 + s, len(c), len(q), scale))
    for s, (q, c, scale) in enumerate([
        (uniform(4), [0, 3, 1, 1, 2], 1), (uniform(2), [0, 1], 3), (BIASED, [1, 1, 0, 2], 2)])
], tests="NoiseTests")
write("ComplementaryRiskLoss", SCRIPT, "the code of Ishida and others, and the equation", [
    case(risk, {"priors": p, "kind": k, "complements": c}, rows(40 + s, len(c), len(p), scale))
    for s, (p, c, scale) in enumerate([
        ([0.25, 0.25, 0.5], [0, 1, 2, 2, 1], 1), ([0.25, 0.25, 0.25, 0.25], [3, 3, 0], 3),
        ([0.5, 0.125, 0.375], [0, 0, 1, 2], 8)])
    for k in ["unbiased", "nonNegative", "gradientAscent"]], tests="NoiseTests")
write("IntraClusterMixup", SCRIPT, "the authors' formula in PyTorch", [
    case(
        mixup, {"concentration": 0.2, "share": share, "partners": p, "complements": c},
        rows(60 + s, len(c), 3), rows(80 + s, 3, 4))
    for s, (share, p, c) in enumerate([
        (0.3, [2, 1, 0, 3], [0, 1, 2, 3]), (1.0, [1, 0], [3, 3]), (0.85, [1, 2, 0], [0, 0, 2])])
], tests="NoiseTests")
