#!/usr/bin/env python3
"""Writes Tests/ExtremeTests/Goldens/ZLoss.json: a = 3, b = 1.5; PyTorch's own standard deviation
and softplus, differentiated by PyTorch."""
import torch
from torch.nn.functional import softplus

from label_loss_cases import write


SHARPNESS, TARGET = 3, 1.5


def loss(scores, positives):
    rows = []
    for row, wanted in zip(scores, positives):
        if wanted:
            heights = (row - row.mean()) / row.std(correction=0)
            rows.append(softplus(TARGET - heights[wanted], beta=SHARPNESS, threshold=1000).mean())
    return torch.stack(rows).mean()


write("ZLoss", "z_loss.py", "PyTorch std and softplus", loss,
      {"sharpness": SHARPNESS, "target": TARGET})
