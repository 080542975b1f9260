#!/usr/bin/env python3
"""Writes Tests/ContrastiveTests/Goldens/SymmetricInfoNCELoss.json.

PyTorch's cross-entropy with label smoothing, over the rows and over the columns.
"""
import json
import pathlib

import torch
from torch.nn.functional import cross_entropy

torch.set_default_dtype(torch.float64)
cases = []
for seed, rows, width, temperature, smoothing in [
        (1, 5, 3, 0.07, 0.1), (2, 4, 2, 1.0, 0.0), (3, 1, 2, 0.5, 0.1), (4, 3, 2, 0.001, 0.3)]:
    generator = torch.Generator().manual_seed(seed)
    x, y = (torch.randn(rows, width, generator=generator).requires_grad_() for _ in range(2))
    scores = x @ y.T / temperature
    own = torch.arange(rows)
    value = (cross_entropy(scores, own, label_smoothing=smoothing)
             + cross_entropy(scores.T, own, label_smoothing=smoothing)) / 2
    value.backward()
    cases.append({
        "temperature": temperature, "smoothing": smoothing, "queries": x.tolist(),
        "references": y.tolist(), "value": value.item(), "ofQueries": x.grad.tolist(),
        "ofReferences": y.grad.tolist()})
path = pathlib.Path(__file__).parents[2] / "Tests/ContrastiveTests/Goldens/SymmetricInfoNCELoss.json"
path.write_text(json.dumps({
    "source": "PyTorch cross_entropy with label_smoothing", "version": torch.__version__,
    "script": "Scripts/goldens/symmetric_info_nce.py", "cases": cases}) + "\n")
