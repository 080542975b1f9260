#!/usr/bin/env python3
"""Writes Tests/ExtremeTests/Goldens/InfoNCELoss.json.

PyTorch's cross-entropy with the positives as equal shares of the target distribution.
"""
import torch
from torch.nn.functional import cross_entropy

from label_loss_cases import write


def loss(scores, positives):
    target = torch.zeros_like(scores)
    for i, wanted in enumerate(positives):
        for j in wanted:
            target[i, j] = 1 / len(wanted)
    kept = target.sum(1) > 0
    return cross_entropy(scores[kept], target[kept])


write("InfoNCELoss", "info_nce.py", "PyTorch cross_entropy with target distributions", loss)
