#!/usr/bin/env python3
"""Writes Tests/ContrastiveTests/Goldens/GradientCache.json.

A small network trained on the symmetric cross entropy of two views, in one piece: value and gradients
of PyTorch in float64.
"""
import json
import pathlib

import torch
from torch.nn.functional import cross_entropy, normalize

torch.set_default_dtype(torch.float64)
cases = []
for seed, rows in [(1, 7), (2, 4)]:
    generator = torch.Generator().manual_seed(seed)
    first, second = (torch.randn(rows, 3, generator=generator) for _ in range(2))
    inner, outer = (torch.randn(4, 3, generator=generator).requires_grad_(),
                    torch.randn(2, 4, generator=generator).requires_grad_())
    temperature = torch.tensor(0.3, requires_grad=True)

    def encode(x):
        return normalize((x @ inner.T).tanh() @ outer.T)

    scores = encode(first) @ encode(second).T / temperature
    own = torch.arange(rows)
    value = cross_entropy(scores, own) + cross_entropy(scores.T, own)
    value.backward()
    cases.append({
        "first": first.tolist(), "second": second.tolist(), "inner": inner.tolist(),
        "outer": outer.tolist(), "temperature": 0.3, "value": value.item(),
        "ofInner": inner.grad.tolist(), "ofOuter": outer.grad.tolist(),
        "ofTemperature": temperature.grad.item()})
path = pathlib.Path(__file__).parents[2] / "Tests/ContrastiveTests/Goldens/GradientCache.json"
path.write_text(json.dumps({
    "source": "PyTorch autograd over the whole batch", "version": torch.__version__.split("+")[0],
    "script": "Scripts/goldens/gradient_cache.py", "cases": cases}) + "\n")
