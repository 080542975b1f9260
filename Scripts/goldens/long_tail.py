#!/usr/bin/env python3
"""Writes the golden of Sources/Learning/Noise/LongTail/BackdoorLongTail.swift.

    Scripts/goldens/long_tail.py      (torch)

The equations in PyTorch float64: the average over models, the adjusted loss, and the prior by
L-BFGS on its loss (the library's is a fixed point of the minimum).
"""
import torch
import torch.nn.functional as F
from pair_loss_cases import case, rows, write


def prior(logits, classes):
    truth = torch.tensor(classes)
    weights = 1 / torch.bincount(truth)[truth]
    scores = torch.zeros(logits.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [scores], max_iter=500, tolerance_grad=1e-13, tolerance_change=1e-16, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        losses = F.cross_entropy(logits.detach() - F.log_softmax(scores, 0), truth, reduction="none")
        loss = (losses * weights).sum() / weights.sum()
        loss.backward()
        return loss
    for _ in range(5):
        optimizer.step(closure)
    return torch.softmax(scores.detach(), 0)


def averaged(*inputs, combines):
    models, factors = torch.stack(inputs[:-1]), inputs[-1]
    if combines == "logits":
        found = torch.softmax(models.mean(0), 1)
    else:
        found = torch.softmax(models, 2).mean(0)
    return (found * factors).sum()


def adjusted(logits, classes, counts, combines):
    shares = torch.tensor([max(c, 1.0) for c in counts]) / sum(counts)
    return F.cross_entropy(logits + shares.log(), torch.tensor(classes))


CASES = []
for combines in ["logits", "probabilities"]:
    for count in [1, 3]:
        CASES.append(case(
            averaged, {"combines": combines}, *[rows(10 * count + i, 5, 4, 3.0) for i in range(count)], rows(9, 5, 4)))
for seed, counts in [(1, [100, 10, 1, 0]), (2, [5, 5, 5, 5])]:
    CASES.append(case(adjusted, {"classes": [0, 3, 2, 1, 2, 0], "counts": counts, "combines": None}, rows(seed, 6, 4, 2.0)))
for seed, classes in [(3, [0, 1, 2, 3, 0, 1, 2, 3, 2, 1, 3, 3]), (4, [0, 0, 0, 1, 2, 3, 1, 2, 3, 1, 0, 0])]:
    logits = rows(seed, len(classes), 4, 0.8) + torch.tensor([1.5, 0.5, 0.0, -1.0])
    logits = logits + F.one_hot(torch.tensor(classes), 4)
    CASES.append({
        "options": {"classes": classes, "prior": prior(logits, classes).tolist(), "combines": None}, "inputs": [logits.tolist()],
        "value": 0.0, "gradients": []})
write("BackdoorLongTail", "long_tail.py", "PyTorch, from the equations", CASES, "NoiseTests")
