#!/usr/bin/env python3
"""Writes Tests/ContrastiveTests/Goldens/SupConLoss.json.

Equation 2 of Supervised Contrastive Learning, with a mask for each pair, in PyTorch.
"""
import torch
from pair_loss_cases import case, rows, unit, write


def loss(x, temperature, classes):
    z = unit(x)
    classes = torch.tensor(classes)
    own = torch.eye(len(z), dtype=torch.bool)
    log_shares = (z @ z.T / temperature).masked_fill(own, -torch.inf).log_softmax(dim=1)
    positive = (classes[:, None] == classes[None]) & ~own
    means = log_shares.masked_fill(~positive, 0).sum(dim=1) / positive.sum(dim=1).clamp(min=1)
    return -means[positive.any(dim=1)].mean()


write("SupConLoss", "sup_con.py", "equation 2 in PyTorch", [
    case(loss, {"temperature": t, "classes": classes}, rows(s, len(classes), 3))
    for s, t, classes in [
        (1, 0.1, [0, 1, 0, 1, 0, 2]), (2, 0.5, [5, 5]), (3, 2.0, [-1, 3, 3, 3, -1]),
        (4, 0.02, [0, 1, 2, 2])]])
