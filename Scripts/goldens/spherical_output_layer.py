#!/usr/bin/env python3
"""Writes Tests/ExtremeTests/Goldens/SphericalOutputLayer.json: three steps of gradient descent on
label vectors with the Z-loss, each from all scores, by PyTorch in float64."""
import json
import pathlib

import torch
from torch.nn.functional import softplus

torch.set_default_dtype(torch.float64)
SHARPNESS, TARGET, TEMPERATURE, RATE = 3.0, 1.5, 0.5, 0.7


def loss(scores, positives):
    rows = []
    for row, wanted in zip(scores, positives):
        if wanted:
            heights = (row - row.mean()) / row.std(correction=0)
            rows.append(softplus(TARGET - heights[sorted(set(wanted))], beta=SHARPNESS,
                                 threshold=1000).mean())
    return torch.stack(rows).mean()


def case(seed, labels, width, batches):
    generator = torch.Generator().manual_seed(seed)
    weights = (torch.randn(labels, width, generator=generator) + 1).requires_grad_()
    start = weights.tolist()
    steps = []
    for positives in batches:
        queries = torch.randn(len(positives), width, generator=generator).requires_grad_()
        value = loss(queries @ weights.T / TEMPERATURE, positives)
        of_queries, of_weights = torch.autograd.grad(value, (queries, weights))
        with torch.no_grad():
            weights -= RATE * of_weights
        steps.append({"queries": queries.tolist(), "positives": positives, "value": value.item(),
                      "gradient": of_queries.tolist(), "weights": weights.tolist()})
    return {"options": {"sharpness": SHARPNESS, "target": TARGET, "temperature": TEMPERATURE,
                        "learningRate": RATE},
            "weights": start, "steps": steps}


path = pathlib.Path(__file__).parents[2] / "Tests/ExtremeTests/Goldens/SphericalOutputLayer.json"
path.write_text(json.dumps({
    "source": "PyTorch, dense gradient descent", "version": torch.__version__,
    "script": "Scripts/goldens/spherical_output_layer.py",
    "cases": [
        # More queries than dimensions, then fewer.
        case(1, 7, 3, [[[0, 6], [], [3], [2, 2, 5]], [[1], [1], [1], [4, 0]], [[6], [5], [0], []]]),
        case(2, 5, 4, [[[2]], [[4, 1]], [[2, 0]]]),
    ]}, indent=1) + "\n")
print(path)
