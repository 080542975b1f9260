#!/usr/bin/env python3
"""Writes Tests/ExtremeTests/Goldens/SoftTopKLoss.json: K = 2, alpha = 2.

From the definition with 200 digits: the threshold by bisection, the gradient by differences, without
the implicit function theorem or logarithms.
"""
import mpmath
import torch

from label_loss_cases import write

mpmath.mp.dps = 200
PLACES, SHARPNESS = 2, 2


def sigmoid(z):
    return 1 / (1 + mpmath.exp(-z))


def row_loss(row, wanted):
    low, high = -max(row) - 100, -min(row) + 100
    for _ in range(700):
        middle = (low + high) / 2
        if sum(sigmoid(SHARPNESS * (s + middle)) for s in row) > PLACES:
            high = middle
        else:
            low = middle
    return -sum(mpmath.log(sigmoid(SHARPNESS * (row[p] + low))) for p in wanted) / len(wanted)


class Exact(torch.autograd.Function):
    @staticmethod
    def forward(context, row, wanted):
        exact = [mpmath.mpf(s) for s in row.tolist()]
        step = mpmath.mpf(10) ** -50
        slopes = []
        for j in range(len(exact)):
            moved = [row_loss(exact[:j] + [exact[j] + d] + exact[j + 1:], wanted) for d in (step, -step)]
            slopes.append(float((moved[0] - moved[1]) / (2 * step)))
        context.save_for_backward(torch.tensor(slopes))
        return torch.tensor(float(row_loss(exact, wanted)))

    @staticmethod
    def backward(context, upstream):
        return context.saved_tensors[0] * upstream, None


def loss(scores, positives):
    rows = [
        Exact.apply(row, wanted) if len(row) > PLACES else 0 * row.sum()
        for row, wanted in zip(scores, positives) if wanted
    ]
    return torch.stack(rows).mean()


write("SoftTopKLoss", "soft_top_k.py", "mpmath, 200 digits", loss,
      {"places": f"fixed({PLACES})", "sharpness": SHARPNESS})
