#!/usr/bin/env python3
"""Writes the goldens of InfoLOOBLoss, ModernHopfieldRetrieval and CLOOBLoss.

Retrieval is PyTorch's scaled dot-product attention; the rest are matrices of all scores.
"""
import torch
from pair_loss_cases import case, rows, unit, write


def left_out(anchors, candidates, temperature):
    scores = anchors @ candidates.T / temperature
    own = torch.eye(len(scores), dtype=torch.bool)
    return (scores.masked_fill(own, -torch.inf).logsumexp(1) - scores.diagonal()).mean()


def retrieve(states, stored, sharpness):
    found = torch.nn.functional.scaled_dot_product_attention(
        states[None], stored[None], stored[None], scale=sharpness)[0]
    return unit(found)


def info_loob(first, second, temperature):
    x, y = unit(first), unit(second)
    return left_out(x, y, temperature) + left_out(y, x, temperature)


def cloob(first, second, temperature, sharpness):
    x, y = unit(first), unit(second)
    of_first = left_out(retrieve(x, x, sharpness), retrieve(y, x, sharpness), temperature)
    of_second = left_out(retrieve(y, y, sharpness), retrieve(x, y, sharpness), temperature)
    return temperature * (of_first + of_second)


def hopfield(states, stored, sharpness, weights):
    return (retrieve(unit(states), unit(stored), sharpness) * torch.tensor(weights)).sum()


write("InfoLOOBLoss", "cloob.py", "the paper's formula in PyTorch", [
    case(info_loob, {"temperature": t}, rows(s, n, 3), rows(s + 10, n, 3))
    for s, n, t in [(1, 5, 1 / 30), (2, 2, 0.5), (3, 4, 2.0)]])
write("CLOOBLoss", "cloob.py", "PyTorch scaled_dot_product_attention", [
    case(cloob, {"temperature": t, "sharpness": b}, rows(s, n, 3), rows(s + 10, n, 3))
    for s, n, t, b in [(1, 5, 1 / 30, 8.0), (2, 2, 0.5, 14.3), (3, 4, 2.0, 0.0)]])
# The gradient is that of the weighted sum of the retrieved rows.
write("ModernHopfieldRetrieval", "cloob.py", "PyTorch scaled_dot_product_attention", [
    {**case(hopfield, {"sharpness": b, "weights": rows(s + 20, n, 3).tolist()},
            rows(s, n, 3), rows(s + 10, m, 3)),
     "retrieved": retrieve(unit(rows(s, n, 3)), unit(rows(s + 10, m, 3)), b).tolist()}
    for s, n, m, b in [(1, 3, 5, 8.0), (2, 2, 2, 0.0), (3, 4, 1, 1.0), (4, 2, 4, 100.0)]])
