#!/usr/bin/env python3
"""Writes the goldens of the robust terms and of the losses and weights for imbalance in
Tests/ExtremeTests/Goldens, from the equations in PyTorch float64: the terms and CoTeachingLoss in the
decoupled softmax, with the authors' detached parts detached, LabelALDRKLLoss, LabelDiceLoss, LabelAnyLoss,
LogitAdjustment and ClassBalancedWeights."""
import json
import math
import pathlib

import torch
from torch.nn.functional import logsigmoid

from label_loss_cases import write

SCRIPT = "robust_losses.py"
SOURCE = "PyTorch float64, from the equation"


def positives_of(scores, positives):
    """Log q and the weight of every positive in the decoupled softmax."""
    logs, weights = [], []
    rows = sum(bool(row) for row in positives)
    for i, row in enumerate(positives):
        others = [j for j in range(scores.shape[1]) if j not in row]
        for p in row:
            if others:
                logs.append(logsigmoid(scores[i, p] - torch.logsumexp(scores[i, others], 0)))
            else:
                logs.append(scores[i, p] * 0)
            weights.append(1 / (rows * len(row)))
    return torch.stack(logs), torch.tensor(weights)


def with_term(term):
    def loss(scores, positives):
        logs, weights = positives_of(scores, positives)
        return (weights * term(logs)).sum()
    return loss


def early_learning(logs, weight=3, momentum=0.7):
    probabilities = logs.exp()
    targets = ((1 - momentum) * probabilities.detach()).clamp(max=0.9999)
    return -logs + weight * torch.log(1 - targets * probabilities)


def reweighting(logs, bound=1, scale=1):
    losses = -logs
    still = losses.detach()
    spread = max((still.max() - still.min()).item(), 1e-6)
    h = 2 * bound * (still - still.min()) / spread - bound
    weights = torch.softmax((1 - h ** 2 / bound ** 2) / scale, 0) * len(logs)
    return weights * losses


def co_teaching(scores, positives, forget_rate=0.2):
    logs, weights = positives_of(scores, positives)
    kept = torch.zeros_like(weights)
    kept[torch.topk(logs.detach(), math.ceil((1 - forget_rate) * len(logs))).indices] = 1
    return (-logs * weights * kept).sum() * weights.sum() / (weights * kept).sum()


def aldr_kl(scores, positives, reference=1, adaptivity=2, margin=1):
    count = scores.shape[1]
    rows = sum(bool(row) for row in positives)
    total = scores.sum() * 0
    for i, row in enumerate(positives):
        still, value = scores[i].detach(), reference
        for _ in range(3):
            chances = torch.softmax(still / value, 0)
            divergence = (torch.special.xlogy(chances, chances)).sum().item() + math.log(count)
            value = reference - reference * divergence / (adaptivity * math.log(count))
        others = [j for j in range(count) if j not in row]
        for p in row:
            compared = torch.cat([scores[i, p:p + 1], scores[i, others] + margin]) - scores[i, p]
            term = value * (torch.logsumexp(compared / value, 0) - math.log(len(others) + 1))
            bend = adaptivity * math.log(count) * (value - reference) ** 2 / (2 * reference)
            total = total + (term - bend) / (rows * len(row))
    return total


def targets_of(scores, positives):
    target = torch.zeros_like(scores)
    for i, row in enumerate(positives):
        target[i, row] = 1
    return target


def dice(scores, positives, smoothing=1, adjustment=0):
    p, y = torch.sigmoid(scores), targets_of(scores, positives)
    w = (1 - p) ** adjustment * p
    return (1 - (2 * (w * y).sum(1) + smoothing) / (w.sum(1) + y.sum(1) + smoothing)).mean()


def any_loss(scores, positives, amplification=73):
    a = torch.sigmoid(amplification * (torch.sigmoid(scores) - 0.5))
    y = targets_of(scores, positives)
    hits, misses, false = (a * y).sum(), ((1 - a) * y).sum(), (a * (1 - y)).sum()
    return 1 - 2 * hits / (2 * hits + misses + false)


def write_numbers(name, cases):
    path = pathlib.Path(__file__).parents[2] / f"Tests/ExtremeTests/Goldens/{name}.json"
    golden = {"source": SOURCE, "version": torch.__version__, "script": f"Scripts/goldens/{SCRIPT}",
              "cases": cases}
    path.write_text(json.dumps(golden, indent=1) + "\n")
    print(path)


def adjustment_case(counts, strength):
    n = torch.tensor(counts).clamp(min=1).double()
    return {"counts": counts, "strength": strength, "values": (strength * (n / n.sum()).log()).tolist()}


def weights_case(counts, beta):
    n = torch.tensor(counts).double()
    raw = (1 - beta) / (1 - beta ** n.clamp(min=1))
    return {"counts": counts, "strength": beta, "values": (raw * n.sum() / (raw * n).sum()).tolist()}


def main():
    write("GeneralizedTerm", SCRIPT, SOURCE, with_term(lambda logs: (1 - logs.exp() ** 0.7) / 0.7),
          {"exponent": 0.7})
    write("SymmetricTerm", SCRIPT, SOURCE, with_term(lambda logs: -0.1 * logs + 4 * (1 - logs.exp())),
          {"forwardWeight": 0.1, "reverseWeight": 1, "logOfZero": -4})
    write("EarlyLearningTerm", SCRIPT, SOURCE, with_term(early_learning),
          {"weight": 3, "momentum": 0.7})
    write("ReweightingTerm", SCRIPT, SOURCE, with_term(reweighting),
          {"strategy": "quadratic", "scale": 1, "bound": 1})
    write("CoTeachingLoss", SCRIPT, SOURCE, co_teaching, {"forgetRate": 0.2})
    write("LabelALDRKLLoss", SCRIPT, SOURCE, aldr_kl,
          {"reference": 1, "adaptivity": 2, "margin": 1})
    write("LabelDiceLoss", SCRIPT, SOURCE, dice, {"smoothing": 1, "adjustment": 0})
    write("LabelAnyLoss", SCRIPT, SOURCE, any_loss, {"amplification": 73})
    counts = [[5, 0, 120, 1], [1], [7, 7, 7], [100000, 3, 0]]
    write_numbers("LogitAdjustment", [adjustment_case(c, s) for c in counts for s in (1, 0.25)])
    write_numbers("ClassBalancedWeights", [weights_case(c, b) for c in counts for b in (0.9, 0.999)])


if __name__ == "__main__":
    main()
