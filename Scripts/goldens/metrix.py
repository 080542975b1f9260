#!/usr/bin/env python3
"""Writes Tests/LearningTests/Goldens/MetrixLoss.json.

The paper's equations in PyTorch float64, mixture by mixture: mixtures are made and scaled as
vectors, where the loss itself only has their products.
"""
import torch
from torch.nn import functional

from class_loss_cases import case, matrix, write

torch.set_default_dtype(torch.float64)


def loss(embeddings, classes, partners, shares, beta, gamma, base):
    unit = functional.normalize(embeddings)
    terms = []
    for a, (partner, share) in enumerate(zip(partners, shares)):
        negatives = [n for n, c in enumerate(classes) if c != classes[a]]
        if partner < 0 or not negatives:
            continue
        mixed = functional.normalize(
            share * unit[partner] + (1 - share) * unit[negatives], dim=1)
        similarities = mixed @ unit[a]
        pulled = torch.log(1 + (share * torch.exp(-beta * (similarities - base))).sum())
        pushed = torch.log(1 + ((1 - share) * torch.exp(gamma * (similarities - base))).sum())
        terms.append(pulled / beta + pushed / gamma)
    return sum(terms) / len(terms)


cases = []
for seed, classes, partners, shares, beta, gamma, base in [
        (1, [0, 1, 0, 2, 1, 0], [2, 4, 0, -1, 1, 2], [0.3, 0.5, 0.9, 0.4, 0.1, 0.7], 2, 50, 0.5),
        (2, [0, 1, 0, 2], [0, 1, 2, 3], [0.5, 0.25, 0.0, 1.0], 1, 5, 0.1),
        (3, [0, 0, 1, 1, 1], [1, 0, 3, 4, 2], [0.6, 0.2, 0.35, 0.8, 0.5], 4, 10, 0.8)]:
    made = case(
        lambda embeddings: loss(embeddings, classes, partners, shares, beta, gamma, base),
        {"embeddings": matrix(seed, len(classes), 3)}, classes,
        {"beta": beta, "gamma": gamma, "base": base})
    # A row without partner is its own negative number.
    made["inputs"]["draw"] = [[float(p), s] for p, s in zip(partners, shares)]
    cases.append(made)
write("MetrixLoss", "the paper's equations in PyTorch", torch.__version__, "metrix.py", cases)
