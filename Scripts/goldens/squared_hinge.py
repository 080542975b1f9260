#!/usr/bin/env python3
"""Writes Tests/ExtremeTests/Goldens/SquaredHingeLoss.json: PyTorch's multi-class margin loss with
p = 2, which is a sum of squared hinges, for every cell on its own."""
import torch
from torch.nn.functional import multi_margin_loss

from label_loss_cases import write


def loss(scores, positives):
    total = 0
    for row, wanted in zip(scores, positives):
        for j, score in enumerate(row):
            # Two classes with the scores s and 0: the mean over both is half of one hinge.
            pair = torch.stack([score, torch.zeros(())]).unsqueeze(0)
            target = torch.tensor([0 if j in wanted else 1])
            total = total + 2 * multi_margin_loss(pair, target, p=2, reduction="sum")
    return total / len(scores)


write("SquaredHingeLoss", "squared_hinge.py", "PyTorch multi_margin_loss of each cell", loss)
