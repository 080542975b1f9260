#!/usr/bin/env python3
"""Writes the goldens of PrototypeTripletLoss and ICNNLoss.

The formulas of the authors' code (github.com/maumruiz/FSL-Loss) in PyTorch float64, row by row.
"""
import torch

from class_loss_cases import case, matrix, write

torch.set_default_dtype(torch.float64)
SOURCE = "the authors' formulas in PyTorch"


def distance(one, other):
    return ((one - other).square().sum() + 1e-6).sqrt()


def triplet(queries, support, classes, ways, margin):
    prototypes = [support[c::ways].mean(dim=0) for c in range(ways)]
    terms = []
    for query, own in zip(queries, classes):
        distances = [distance(query, prototype) for prototype in prototypes]
        other = min(d for c, d in enumerate(distances) if c != own)
        terms.append((distances[own] - other + margin).clamp(min=0))
    return sum(terms) / len(terms)


def icnn(embeddings, classes, neighbours, reach):
    """`neighbours` are counted, `reach` are searched for the nearest one of another class."""
    tiny = 1e-7
    rows = []
    for i, x in enumerate(embeddings):
        others = [(distance(x, y), classes[j] == classes[i])
                  for j, y in enumerate(embeddings) if j != i]
        others.sort(key=lambda pair: pair[0].item())
        foreign = [d for d, same in others[:reach] if not same]
        nearest = foreign[0] if foreign else torch.tensor(float("inf"))
        scaled = [d / (nearest + tiny) for d, _ in others[:neighbours]]
        largest = torch.stack([torch.ones(()), *scaled]).max()
        rows.append([(d, r / largest, same)
                     for (d, same), r in zip(others[:neighbours], scaled)])
    farthest = max((d for row in rows for d, _, same in row if not same),
                   default=torch.zeros(()))
    together, apart = [], []
    for row in rows:
        inside = [r for _, r, same in row if same]
        outside = [d / (farthest + tiny) for d, _, same in row if not same]
        if inside:
            together.append(sum(inside) / (len(inside) + tiny))
        if outside:
            apart.append(sum(outside) / (len(outside) + tiny))
    inner = 1 - sum(together) / (len(together) + tiny)
    outer = sum(apart) / (len(apart) + tiny) if apart else torch.ones(())
    share = sum(same for row in rows for _, _, same in row) / neighbours / len(rows)
    if neighbours + 2 >= len(rows):
        share = 1.0
    return -torch.log(((inner + outer) / 2 + share) / 2)


cases = []
for seed, ways, margin, classes in [
        (1, 3, 0.5, [0, 1, 2, 2, 0]), (2, 2, 1.5, [0, 1, 1]), (3, 4, 0.1, [3, 2, 2, 0, 1, 3])]:
    cases.append(case(
        lambda queries, support: triplet(queries, support, classes, ways, margin),
        {"queries": matrix(seed, len(classes), 3), "support": matrix(seed + 10, 2 * ways, 3)},
        classes, {"ways": ways, "margin": margin, "epsilon": 1e-6}))
write("PrototypeTripletLoss", SOURCE, torch.__version__, "susana_distancia.py", cases)

cases = []
for seed, neighbours, reach, classes in [
        (1, 4, 5, [0, 1, 2, 1, 0, 2, 1, 0]), (2, 3, 6, [0, 0, 0, 0, 1, 1, 1, 1]),
        (3, 2, 3, [0, 1, 0, 1, 0, 1]), (4, 4, 5, [0, 1, 0, 1, 1, 0]),
        (5, 3, 4, [0, 1, 2, 3, 4, 5, 6]), (6, 2, 3, [4, 4, 4, 4, 4, 4])]:
    cases.append(case(
        lambda embeddings: icnn(embeddings, classes, neighbours, reach),
        {"embeddings": matrix(seed, len(classes), 3)}, classes,
        {"neighbours": neighbours, "reach": reach}))
write("ICNNLoss", SOURCE, torch.__version__, "susana_distancia.py", cases)
