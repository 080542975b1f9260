#!/usr/bin/env python3
"""Writes Tests/ContrastiveTests/Goldens/UNPGLoss.json.

Reimplements the steps of the authors' code in PyTorch float64 (github.com/Jung-Jun-Uk/UNPG): the
logits of the classes with a margin, joined by the same filtered pairs for every row, and PyTorch's
cross-entropy.
"""
import torch
from torch.nn import functional

from class_loss_cases import case, matrix, write

torch.set_default_dtype(torch.float64)


def loss(embeddings, weights, classes, kind, margin, scale, whisker):
    unit = functional.normalize(embeddings)
    own = functional.one_hot(classes, len(weights))
    cosines = unit @ functional.normalize(weights).T
    if kind == "arc":
        enlarged = torch.cos(torch.acos(cosines) + margin)
    else:
        enlarged = cosines - margin
    logits = torch.where(own > 0, enlarged, cosines)
    first, second = torch.triu_indices(len(classes), len(classes), offset=1)
    different = classes[first] != classes[second]
    pairs = (unit @ unit.T)[first, second][different]
    ordered = pairs.sort().values.detach()
    low, high = ordered[int(0.25 * len(pairs))], ordered[int(0.75 * len(pairs))]
    inside = (pairs <= high + whisker * (high - low)) & (pairs >= low - whisker * (high - low))
    shared = pairs[inside].expand(len(classes), -1)
    return functional.cross_entropy(scale * torch.cat([logits, shared], dim=1), classes)


cases = []
for seed, kind, margin, scale, whisker in [
        (1, "arc", 0.5, 64, 1.5), (2, "cosine", 0.4, 30, 1.0), (3, "arc", 0.3, 8, 0.1),
        (4, "cosine", 0.5, 64, 0.0)]:
    classes = [0, 1, 2, 3, 1, 0, 2]
    cases.append(case(
        lambda embeddings, weights: loss(
            embeddings, weights, torch.tensor(classes), kind, margin, scale, whisker),
        {"embeddings": matrix(seed, 7, 3), "weights": matrix(seed + 10, 4, 3)}, classes,
        {"margin": margin, "scale": scale, "whisker": whisker}, kind))
write("UNPGLoss", "the authors' steps in PyTorch", torch.__version__, "unpg.py", cases)
