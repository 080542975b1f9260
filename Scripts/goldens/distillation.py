#!/usr/bin/env python3
"""Writes Tests/ExtremeTests/Goldens/DistillationLoss.json.

torch.nn.functional.kl_div in float64, times the square of the softness, for each query whose teacher
lists labels; PyTorch differentiates it.
"""
import json
import pathlib

import torch
from torch.nn.functional import kl_div

torch.set_default_dtype(torch.float64)


def case(seed, lists, labels, temperature, softness, bias=True):
    generator = torch.Generator().manual_seed(seed)
    inputs = {
        "queries": torch.randn(len(lists), 3, generator=generator),
        "labels": torch.randn(labels, 3, generator=generator),
    }
    if bias:
        inputs["bias"] = torch.randn(labels, generator=generator)
    # The teacher's scores are float32 values.
    scores = [(2 * torch.randn(len(own), generator=generator)).float().double() for own in lists]
    leaves = {name: value.clone().requires_grad_() for name, value in inputs.items()}
    logits = leaves["queries"] @ leaves["labels"].T / temperature
    if bias:
        logits = logits + leaves["bias"]
    terms = []
    for row, own, teacher in zip(logits, lists, scores):
        if own:
            target = torch.zeros(labels)
            target[own] = (teacher / softness).softmax(0)
            terms.append(kl_div((row / softness).log_softmax(0), target, reduction="sum"))
    value = softness ** 2 * torch.stack(terms).mean()
    value.backward()
    return {
        "options": {"temperature": temperature, "softness": softness},
        "inputs": {name: value.tolist() for name, value in inputs.items()},
        "lists": lists, "scores": [own.tolist() for own in scores],
        "value": value.item(),
        "gradients": {name: leaf.grad.tolist() for name, leaf in leaves.items()},
    }


cases = [
    case(1, [[0, 3], [2], [1, 2, 4]], 5, 1, 1),
    case(2, [[0, 1, 2, 3], [], [3], [2, 0]], 4, 0.5, 2),
    case(3, [[5, 1, 0], [4, 3, 2]], 6, 2, 0.5, bias=False),
    case(4, [[0, 1]], 2, 1, 20),
]
path = pathlib.Path(__file__).parents[2] / "Tests/ExtremeTests/Goldens/DistillationLoss.json"
path.write_text(json.dumps({
    "source": "torch.nn.functional.kl_div", "version": torch.__version__,
    "script": "Scripts/goldens/distillation.py", "cases": cases}) + "\n")
