#!/usr/bin/env python3
"""Writes Tests/ContrastiveTests/Goldens/MetrixLoss.json.

The paper's equations in PyTorch float64, mixture by mixture: mixtures are made and scaled as
vectors, whereas the loss only has their products.
"""
import torch
from torch.nn import functional

from class_loss_cases import case, matrix, write

torch.set_default_dtype(torch.float64)


def loss(embeddings, classes, draw, beta, gamma, base):
    """`draw` has a row (anchor, partner, share) for each partner."""
    unit = functional.normalize(embeddings)
    terms = []
    for a in range(len(classes)):
        negatives = [n for n, c in enumerate(classes) if c != classes[a]]
        pulled = pushed = 0
        mine = [(partner, share) for anchor, partner, share in draw if anchor == a]
        if not mine or not negatives:
            continue
        for partner, share in mine:
            mixed = functional.normalize(
                share * unit[partner] + (1 - share) * unit[negatives], dim=1)
            similarities = mixed @ unit[a]
            pulled += (share * torch.exp(-beta * (similarities - base))).sum()
            pushed += ((1 - share) * torch.exp(gamma * (similarities - base))).sum()
        terms.append(torch.log(1 + pulled) / beta + torch.log(1 + pushed) / gamma)
    return sum(terms) / len(terms)


cases = []
for seed, classes, draw, beta, gamma, base in [
        (1, [0, 1, 0, 2, 1, 0],
         [(0, 2, 0.3), (0, 5, 0.6), (1, 4, 0.5), (2, 0, 0.9), (2, 5, 0.2), (4, 1, 0.1), (5, 2, 0.7)],
         2, 50, 0.5),
        (2, [0, 1, 0, 2], [(0, 0, 0.5), (1, 1, 0.25), (2, 2, 0.0), (3, 3, 1.0)], 1, 5, 0.1),
        (3, [0, 0, 1, 1, 1],
         [(0, 1, 0.6), (1, 0, 0.2), (2, 3, 0.35), (2, 4, 0.8), (3, 2, 0.5), (3, 4, 0.45),
          (4, 2, 0.15), (4, 3, 0.55)], 4, 10, 0.8)]:
    made = case(
        lambda embeddings: loss(embeddings, classes, draw, beta, gamma, base),
        {"embeddings": matrix(seed, len(classes), 3)}, classes,
        {"beta": beta, "gamma": gamma, "base": base})
    made["inputs"]["draw"] = [list(map(float, row)) for row in draw]
    cases.append(made)
write("MetrixLoss", "the paper's equations in PyTorch", torch.__version__, "metrix.py", cases)
