#!/usr/bin/env python3
"""Writes Tests/ContrastiveTests/Goldens/DCLLoss.json.

The two losses of Decoupled Contrastive Learning over the matrix of all scores, in PyTorch; the
weights are constants, as in lightly.
"""
import torch
from pair_loss_cases import case, rows, unit, write


def loss(first, second, temperature, sigma=None):
    z = unit(torch.cat([first, second]))
    count = len(first)
    example = torch.arange(count).repeat(2)
    same = example[:, None] == example[None]
    negatives = (z @ z.T / temperature).masked_fill(same, -torch.inf).logsumexp(dim=1)
    cosines = (z[:count] * z[count:]).sum(dim=1)
    weights = torch.ones(count)
    if sigma is not None:
        weights = 2 - count * (cosines.detach() / sigma).softmax(dim=0)
    return negatives.mean() - (weights * cosines).mean() / temperature


write("DCLLoss", "decoupled_contrastive.py", "the paper's formulas in PyTorch", [
    case(loss, {"sigma": None, **options}, rows(s, n, 3), rows(s + 10, n, 3, scale=2.0))
    for s, n, options in [
        (1, 5, {"temperature": 0.1}), (2, 2, {"temperature": 0.5}), (3, 4, {"temperature": 5.0}),
        (4, 4, {"temperature": 0.1, "sigma": 0.5}), (5, 3, {"temperature": 0.3, "sigma": 2.0})]])
