#!/usr/bin/env python3
"""Writes Tests/ExtremeTests/Goldens/MatryoshkaLoss.json.

PyTorch's cross-entropy in float64, each query with one label, averaged over prefixes of the embeddings and
the whole; with normalize, prefixes of both sides have unit length. PyTorch differentiates it.
"""
import json
import pathlib

import torch
from torch.nn.functional import cross_entropy, normalize

torch.set_default_dtype(torch.float64)


def case(seed, width, dimensions, temperature, normalized):
    generator = torch.Generator().manual_seed(seed)
    leaves = {
        "queries": torch.randn(4, width, generator=generator).requires_grad_(),
        "labels": torch.randn(5, width, generator=generator).requires_grad_(),
        "bias": torch.randn(5, generator=generator).requires_grad_(),
    }
    positives = torch.tensor([3, 0, 0, 4])
    terms = []
    for length in [*dimensions, width]:
        queries, labels = leaves["queries"][:, :length], leaves["labels"][:, :length]
        if normalized and length < width:
            queries, labels = normalize(queries), normalize(labels)
        terms.append(cross_entropy(queries @ labels.T / temperature + leaves["bias"], positives))
    value = torch.stack(terms).mean()
    value.backward()
    return {
        "dimensions": dimensions, "temperature": temperature, "isNormalized": normalized,
        "positives": [[p] for p in positives.tolist()],
        "inputs": {name: leaf.tolist() for name, leaf in leaves.items()},
        "value": value.item(),
        "gradients": {name: leaf.grad.tolist() for name, leaf in leaves.items()},
    }


cases = [
    case(1, 6, [2, 3], 0.5, False),
    case(2, 6, [1, 2, 4], 0.1, True),
    case(3, 3, [], 1, True),
]
path = pathlib.Path(__file__).parents[2] / "Tests/ExtremeTests/Goldens/MatryoshkaLoss.json"
path.write_text(json.dumps({
    "source": "torch.nn.functional.cross_entropy of prefixes", "version": torch.__version__,
    "script": "Scripts/goldens/matryoshka.py", "cases": cases}) + "\n")
