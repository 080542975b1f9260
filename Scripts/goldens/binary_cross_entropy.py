#!/usr/bin/env python3
"""Writes Tests/ExtremeTests/Goldens/BinaryCrossEntropyLoss.json: PyTorch's own loss, its sum over
labels, its mean over queries."""
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from label_loss_cases import write


def loss(scores, positives):
    target = torch.zeros_like(scores)
    for i, wanted in enumerate(positives):
        target[i, wanted] = 1
    return binary_cross_entropy_with_logits(scores, target, reduction="sum") / len(scores)


write(
    "BinaryCrossEntropyLoss", "binary_cross_entropy.py",
    "PyTorch binary_cross_entropy_with_logits", loss)
