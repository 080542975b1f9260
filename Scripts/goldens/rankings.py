#!/usr/bin/env python3
"""Writes the goldens of LOOKLoss and ContinuousTargetAPLoss.

The equations of their doc comments in PyTorch float64, row by row and pair by pair.
"""
import torch
from torch.nn import functional

from class_loss_cases import case, matrix, write

torch.set_default_dtype(torch.float64)
SOURCE = "the equations in PyTorch"


def look(queries, memory, classes, known, own, neighbours, temperature):
    queries, memory = functional.normalize(queries), functional.normalize(memory)
    terms = []
    for i, query in enumerate(queries):
        scores = memory @ query / temperature
        others = [j for j in range(len(known)) if j != own[i]]
        others.sort(key=lambda j: -scores[j].item())
        near = others[:neighbours]
        ours = [j for j in others if known[j] == classes[i]]
        if not ours:
            continue
        if not set(near) & set(ours):
            near.append(ours[0])
        votes = functional.softmax(scores[near], dim=0)
        terms.append(-torch.log(sum(
            vote for j, vote in zip(near, votes) if known[j] == classes[i])))
    return sum(terms) / len(terms)


cases = []
for seed, neighbours, temperature, classes, known, own in [
        (1, 3, 0.07, [0, 1, 2, 5], [0, 1, 0, 2, 1, 2, 0], [0, 4, -1, -1]),
        (2, 1, 1.0, [0, 1, 0], [1, 1, 0, 1, 0], [2, -1, 4]),
        (3, 200, 0.5, [0, 1, 0], [0, 1, 0, 2], [-1, 1, 2])]:
    made = case(
        lambda queries, memory: look(
            queries, memory, classes, known, own, neighbours, temperature),
        {"queries": matrix(seed, len(classes), 3), "memory": matrix(seed + 10, len(known), 3)},
        classes, {"neighbours": neighbours, "temperature": temperature})
    made["inputs"]["known"] = [[float(c) for c in known]]
    made["inputs"]["own"] = [[float(row) for row in own]]
    cases.append(made)
write("LOOKLoss", SOURCE, torch.__version__, "rankings.py", cases)


def ranking(scores, targets, temperature):
    terms = []
    for s, y in zip(scores, targets):
        if y.sum() == 0:
            continue
        total = 0
        for i in range(len(y)):
            if y[i] == 0:
                continue
            rank = deserved = 1
            for j in range(len(y)):
                if j != i:
                    before = torch.sigmoid((s[j] - s[i]) / temperature)
                    rank = rank + before
                    deserved = deserved + min(y[j] / y[i], 1) * before
            total = total + y[i] * deserved / rank
        terms.append(1 - total / y.sum())
    return sum(terms) / len(terms)


cases = []
for seed, temperature, targets in [
        (1, 0.5, [[1, 0, 0, 1], [0, 0, 1, 0]]), (2, 0.1, [[0.9, 0.2, 0, 0.5], [0, 0, 0, 0]]),
        (3, 1.0, [[0.3, 0.3, 0.8, 0.1, 1], [1, 0.5, 0, 0, 0.25]])]:
    wanted = torch.tensor(targets)
    made = case(
        lambda scores: ranking(scores, wanted, temperature),
        {"scores": matrix(seed, 2, len(targets[0]))}, None, {"temperature": temperature})
    made["inputs"]["targets"] = [[float(y) for y in row] for row in targets]
    cases.append(made)
write("ContinuousTargetAPLoss", SOURCE, torch.__version__, "rankings.py", cases)
