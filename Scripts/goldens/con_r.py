#!/usr/bin/env python3
"""Writes Tests/ContrastiveTests/Goldens/ConRLoss.json: loops over pairs in PyTorch."""
import math

import torch
from pair_loss_cases import case, rows, unit, write


def loss(x, targets, predictions, weights, width, temperature, push):
    z = unit(x)
    total = torch.zeros(())
    for i in range(len(z)):
        apart = [abs(targets[i] - t) for t in targets]
        positives = [k for k in range(len(z)) if k != i and apart[k] <= width]
        negatives = [
            k for k in range(len(z))
            if apart[k] > width and abs(predictions[i] - predictions[k]) <= width]
        if not positives or not negatives:
            continue
        pulled = torch.stack([z[i] @ z[k] for k in positives]) / temperature
        pushed = torch.stack([
            z[i] @ z[k] / temperature + math.log(weights[i]) + push * apart[k] for k in negatives])
        total = total + weights[i] * (torch.cat([pulled, pushed]).logsumexp(0) - pulled.mean())
    return total / len(z)


write("ConRLoss", "con_r.py", "the paper's formula in PyTorch", [
    case(loss, options, rows(s, len(options["targets"]), 3)) for s, options in [
        (1, {"targets": [20, 21, 20.5, 40, 41, 70], "predictions": [20, 41, 20, 20.5, 40, 69],
             "weights": [1, 1, 1, 1, 1, 1], "width": 1, "temperature": 0.07, "push": 0.01}),
        (2, {"targets": [1, 1, 2, 2, 9], "predictions": [5, 5, 5, 5, 5],
             "weights": [0.5, 1, 2, 3, 0.25], "width": 0.5, "temperature": 0.5, "push": 0.2}),
        (3, {"targets": [1, 1.5, 3], "predictions": [1, 2.9, 3],
             "weights": [2, 2, 2], "width": 1, "temperature": 1, "push": 0})]])
