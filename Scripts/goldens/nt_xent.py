#!/usr/bin/env python3
"""Writes Tests/ContrastiveTests/Goldens/NTXentLoss.json.

PyTorch's cross-entropy over the matrix of all scores without its diagonal.
"""
import torch
from pair_loss_cases import case, rows, unit, write


def loss(first, second, temperature):
    z = unit(torch.cat([first, second]))
    count = len(z)
    scores = (z @ z.T / temperature).masked_fill(torch.eye(count, dtype=torch.bool), -torch.inf)
    partners = torch.arange(count).roll(count // 2)
    return torch.nn.functional.cross_entropy(scores, partners)


write("NTXentLoss", "nt_xent.py", "PyTorch cross_entropy", [
    case(loss, {"temperature": t}, rows(s, n, 3), rows(s + 10, n, 3, scale=2.0))
    for s, n, t in [(1, 5, 0.1), (2, 2, 0.5), (3, 4, 5.0), (4, 3, 0.01), (5, 1, 0.1)]])
