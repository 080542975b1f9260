#!/usr/bin/env python3
"""Writes Tests/ExtremeTests/Goldens/GradedPositives.json: the losses over labels with graded
positives, including grades of 0, differentiated by PyTorch in float64.

Each loss is written for one row and its {label: grade}; comments explain a grade of 0.
"""
import json
import pathlib

import torch
from torch.nn.functional import cross_entropy, softplus

torch.set_default_dtype(torch.float64)


def mean(rows_of):
    """A mean over rows that have a positive of a grade above 0."""
    def loss(scores, grades):
        rows = [rows_of(row, own) for row, own in zip(scores, grades) if any(own.values())]
        return torch.stack(rows).mean()
    return loss


def weighted(terms, own):
    """Terms of the positives times their grades; only grades above 0 are counted."""
    counted = [p for p in own if own[p] > 0]
    return sum(own[p] * terms[p] for p in counted) / len(counted)


@mean
def decoupled(row, own):
    # A grade of 0 excludes a label from the negatives.
    others = [j for j in range(len(row)) if j not in own]
    return weighted({
        p: cross_entropy(row[[p] + others].unsqueeze(0), torch.tensor([0])) for p in own}, own)


@mean
def info_nce(row, own):
    return weighted(-row.log_softmax(0), own)


@mean
def soft_top_k(row, own, places=2, sharpness=2):
    with torch.no_grad():
        low, high = -row.max() - 100, -row.min() + 100
        for _ in range(200):
            middle = (low + high) / 2
            if torch.sigmoid(sharpness * (row + middle)).sum() > places:
                high = middle
            else:
                low = middle
        shares = torch.sigmoid(sharpness * (row + low))
        slope = sharpness * (shares * (1 - shares)).sum()
    # The threshold's derivative, by one Newton step from its value.
    threshold = low - (torch.sigmoid(sharpness * (row + low)).sum() - places) / slope
    return weighted(softplus(-sharpness * (row + threshold)), own)


@mean
def z_loss(row, own, sharpness=3, target=1.5):
    heights = (row - row.mean()) / row.std(correction=0)
    return weighted(softplus(target - heights, beta=sharpness, threshold=1000), own)


def one_against_rest(positive, negative):
    def loss(scores, grades):
        total = 0
        for row, own in zip(scores, grades):
            # A cell with a grade of 0 contributes nothing.
            total = total + sum(
                own[j] * positive(s) if j in own else negative(s) for j, s in enumerate(row))
        return total / len(scores)
    return loss


def mlcd(scores, grades):
    total = 0
    for row, own in zip(scores, grades):
        pulled = sum(grade * (-row[p]).exp() for p, grade in own.items())
        pushed = sum(s.exp() for j, s in enumerate(row) if j not in own)
        total = total + torch.log(torch.ones(()) + pulled) + torch.log(torch.ones(()) + pushed)
    return total / len(scores)


LOSSES = {
    "DecoupledSoftmaxLoss": decoupled,
    "InfoNCELoss": info_nce,
    "BinaryCrossEntropyLoss": one_against_rest(lambda s: softplus(-s), softplus),
    "SquaredHingeLoss": one_against_rest(
        lambda s: (1 - s).relu() ** 2, lambda s: (1 + s).relu() ** 2),
    "SoftTopKLoss": soft_top_k,
    "ZLoss": z_loss,
    "MLCDLoss": mlcd,
}
# The losses' options other than the temperature.
OPTIONS = {
    "SoftTopKLoss": {"places": "fixed(2)", "sharpness": 2}, "ZLoss": {"sharpness": 3, "target": 1.5}}


def main():
    generator = torch.Generator().manual_seed(11)
    positives = [[0, 5], [2], [1, 3, 5], [], [4, 0], [3, 1, 3]]
    # All 0 in one row, some in another; a repeated label has the larger of its grades.
    grades = [[0.5, 2.25], [0.25], [1, 0, 0.75], [], [0, 0], [0.5, 1.5, 2]]
    queries = torch.randn(6, 3, generator=generator)
    labels = torch.randn(6, 3, generator=generator)
    bias = torch.randn(6, generator=generator)
    temperature = 0.5
    cases = []
    for name, loss in LOSSES.items():
        leaves = {k: v.clone().requires_grad_() for k, v in
                  [("queries", queries), ("labels", labels), ("bias", bias)]}
        scores = leaves["queries"] @ leaves["labels"].T / temperature + leaves["bias"]
        own = [{} for _ in positives]
        for row, columns, values in zip(own, positives, grades):
            for column, value in zip(columns, values):
                row[column] = max(row.get(column, 0), value)
        value = loss(scores, own)
        value.backward()
        cases.append({
            "loss": name, "options": {"temperature": temperature, **OPTIONS.get(name, {})},
            "inputs": {"positives": positives, "grades": grades,
                       **{k: v.detach().tolist() for k, v in leaves.items()}},
            "value": value.item(),
            "gradients": {k: v.grad.tolist() for k, v in leaves.items()},
        })
        print(name, value.item())
    path = pathlib.Path(__file__).parents[2] / "Tests/ExtremeTests/Goldens/GradedPositives.json"
    path.write_text(json.dumps({
        "source": "PyTorch, from the equations", "version": torch.__version__,
        "script": "Scripts/goldens/graded_positives.py", "cases": cases}, indent=1) + "\n")


main()
