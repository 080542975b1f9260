#!/usr/bin/env python3
"""Writes Tests/ExtremeTests/Goldens/DecoupledSoftmaxLoss.json.

From the definition: for each positive PyTorch's own cross-entropy between that label and the
labels that are not positive.
"""
import torch
from torch.nn.functional import cross_entropy

from label_loss_cases import write


def loss(scores, positives):
    rows = []
    for row, wanted in zip(scores, positives):
        if not wanted:
            continue
        others = [j for j in range(len(row)) if j not in wanted]
        rows.append(torch.stack([
            cross_entropy(row[[p] + others].unsqueeze(0), torch.tensor([0])) for p in wanted
        ]).mean())
    return torch.stack(rows).mean()


write("DecoupledSoftmaxLoss", "decoupled_softmax.py", "PyTorch cross_entropy of each positive", loss)
