#!/usr/bin/env python3
"""Writes Tests/ExtremeTests/Goldens/CoupledEstimationLoss.json.

Each pair is a cross-entropy of two classes, times 1 / (1 - sigmoid) of the other model's score of
the negative; the weights are computed before anything is recorded.
"""
import json
import pathlib

import torch
from torch.nn.functional import cross_entropy

torch.set_default_dtype(torch.float64)


def loss(scores, other, temperature, normalized):
    weight = 1 / (1 - torch.sigmoid(other.detach()[:, 1:] / temperature))
    if normalized:
        weight = weight / weight.mean()
    positive = scores[:, :1].expand(-1, scores.shape[1] - 1)
    pairs = torch.stack([positive, scores[:, 1:]], dim=2).reshape(-1, 2)
    each = cross_entropy(pairs, torch.zeros(len(pairs), dtype=torch.long), reduction="none")
    return (weight.reshape(-1) * each).sum() / len(pairs)


cases = []
for seed, rows, width, temperature, normalized, scale in [
        (1, 4, 2, 2.0, False, 1.0), (2, 3, 4, 2.0, True, 2.0), (3, 2, 3, 0.5, False, 3.0),
        (4, 1, 2, 1.0, True, 1.0)]:
    generator = torch.Generator().manual_seed(seed)
    r, o = ((scale * torch.randn(rows, width, generator=generator)).requires_grad_()
            for _ in range(2))
    first, second = loss(r, o, temperature, normalized), loss(o, r, temperature, normalized)
    (first + second).backward()
    cases.append({
        "temperature": temperature, "isNormalized": normalized, "relevance": r.tolist(),
        "selection": o.tolist(), "values": [first.item(), second.item()],
        "ofRelevance": r.grad.tolist(), "ofSelection": o.grad.tolist()})
path = pathlib.Path(__file__).parents[2] / "Tests/ExtremeTests/Goldens/CoupledEstimationLoss.json"
path.write_text(json.dumps({
    "source": "PyTorch cross_entropy of pairs", "version": torch.__version__,
    "script": "Scripts/goldens/coupled_estimation.py", "cases": cases}) + "\n")
