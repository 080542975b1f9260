#!/usr/bin/env python3
"""Writes Tests/ContrastiveTests/Goldens/SelfDistillationLoss.json.

PyTorch's cross entropy against probabilities and against classes, in float64.
"""
import json
import pathlib

import torch
from torch.nn.functional import cross_entropy

torch.set_default_dtype(torch.float64)
cases = []
for seed, temperature, share, classes in [
        (1, 1.0, 1.0, None), (2, 0.1, 1.0, None), (3, 2.0, 0.3, [2, None, 0, None, 1]),
        (4, 0.5, 0.0, [None, None, 3, 3, 0]), (5, 4.0, 0.5, [None] * 5)]:
    generator = torch.Generator().manual_seed(seed)
    student = (3 * torch.randn(5, 4, generator=generator)).requires_grad_()
    teacher = 3 * torch.randn(5, 4, generator=generator)
    value = share * cross_entropy(student / temperature, (teacher / temperature).softmax(1))
    rows = [i for i, c in enumerate(classes or []) if c is not None]
    if rows:
        value = value + (1 - share) * cross_entropy(
            student[rows], torch.tensor([classes[i] for i in rows]))
    value.backward()
    cases.append({
        "options": {"temperature": temperature, "teacherShare": share}, "classes": classes,
        "student": student.tolist(), "teacher": teacher.tolist(), "value": value.item(),
        "ofStudent": student.grad.tolist()})
path = pathlib.Path(__file__).parents[2] / "Tests/ContrastiveTests/Goldens/SelfDistillationLoss.json"
path.write_text(json.dumps({
    "source": "PyTorch cross_entropy", "version": torch.__version__.split("+")[0],
    "script": "Scripts/goldens/self_distillation.py", "cases": cases}) + "\n")
