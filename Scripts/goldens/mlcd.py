#!/usr/bin/env python3
"""Writes Tests/ExtremeTests/Goldens/MLCDLoss.json.

From the first line of equation 5, the logarithm of one sum over all pairs, unlike the product form
in the loss: log(1 + sum exp(s_j) sum exp(-s_i) + sum exp(s_j) + sum exp(-s_i)).
"""
import torch

from label_loss_cases import write


def loss(scores, positives):
    total = 0
    for row, wanted in zip(scores, positives):
        up = -row[wanted]
        down = row[[j for j in range(len(row)) if j not in wanted]]
        pairs = (up.unsqueeze(1) + down.unsqueeze(0)).reshape(-1)
        total = total + torch.cat([torch.zeros(1), pairs, up, down]).logsumexp(0)
    return total / len(scores)


write("MLCDLoss", "mlcd.py", "PyTorch logsumexp over the pairs of equation 5", loss)
