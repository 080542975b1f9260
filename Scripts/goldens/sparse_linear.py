#!/usr/bin/env python3
"""Writes Tests/ExtremeTests/Goldens/SparseLinear.json, SparseLinearAdagrad.json and
SparseLinearSGD.json.

The wide model as a dense matrix W with 0 for missing pairs: pairs counted in numpy from 0/1
matrices, scores and losses differentiated by PyTorch in float64, steps by torch.optim.
"""
import json
import pathlib

import numpy
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

torch.set_default_dtype(torch.float64)
GOLDENS = pathlib.Path(__file__).parents[2] / "Tests/ExtremeTests/Goldens"


def indicator(rows, width):
    matrix = numpy.zeros((len(rows), width))
    for row, columns in enumerate(rows):
        matrix[row, columns] = 1
    return matrix


def pairs_of(bags, labels, share, least):
    """The mask [F, L] of the pairs that have weights."""
    together = bags.T @ labels
    kept = bags.sum(axis=0) <= share * len(bags)
    return (together >= least) & (together > 0) & kept[:, None]


def drawn_rows(draw, count, width, most):
    return [
        sorted(torch.randperm(width, generator=draw)[: i % (most + 1)].tolist())
        for i in range(count)
    ]


def batch_matrix(batch, features):
    matrix = torch.zeros(len(batch["bags"]), features)
    for row, columns in enumerate(batch["bags"]):
        for place, column in enumerate(columns):
            matrix[row, column] = 1 if batch["values"] is None else batch["values"][row][place]
    return matrix


def drawn_batch(draw, count, features, valued):
    bags = drawn_rows(draw, count, features, 4)
    # Eighths are exact in float32, in which bags are stored.
    values = [
        [v / 8 for v in torch.randint(1, 12, (len(bag),), generator=draw).tolist()] for bag in bags
    ]
    return {"bags": bags, "values": values if valued else None}


def decoupled(scores, positives):
    terms = []
    for row, wanted in zip(scores, positives):
        others = [j for j in range(len(row)) if j not in wanted]
        if wanted:
            terms.append(sum(torch.log1p(torch.exp(row[others].logsumexp(0) - row[p]))
                             for p in wanted) / len(wanted))
    return sum(terms) / len(terms)


def one_against_rest(scores, positives):
    truth = torch.as_tensor(indicator(positives, scores.shape[1]))
    return binary_cross_entropy_with_logits(scores, truth, reduction="sum") / len(scores)


LOSSES = {"decoupled": decoupled, "binary": one_against_rest}


def case(seed, share, least, valued):
    draw = torch.Generator().manual_seed(seed)
    features, labels, rows, width = 8, 6, 5, 3
    bags, known = drawn_rows(draw, 14, features, 5), drawn_rows(draw, 14, labels, 3)
    mask = pairs_of(indicator(bags, features), indicator(known, labels), share, least)
    batch = drawn_batch(draw, rows, features, valued)
    leaves = {
        "queries": torch.randn(rows, width, generator=draw),
        "labels": torch.randn(labels, width, generator=draw),
        "bias": torch.randn(labels, generator=draw),
        "weights": torch.randn(features, labels, generator=draw) * torch.as_tensor(mask),
    }
    positives = [[0, 5], [1], [2, 3, 4], [5], [0]]
    wide = batch_matrix(batch, features) @ leaves["weights"]
    losses = {}
    for name, loss in LOSSES.items():
        x = {key: value.clone().requires_grad_() for key, value in leaves.items()}
        scores = x["queries"] @ x["labels"].T / 0.5 + x["bias"]
        value = loss(scores + batch_matrix(batch, features) @ x["weights"], positives)
        (3 * value).backward()
        slopes = {key: leaf.grad.tolist() for key, leaf in x.items() if key != "weights"}
        slopes["weights"] = x["weights"].grad[torch.as_tensor(mask)].tolist()
        losses[name] = {"value": value.item(), "gradients": slopes}
    return {
        "configuration": {
            "learningRate": 0.3, "maximumDocumentShare": share, "minimumPairCount": least},
        "bags": bags, "labelsOfBags": known,
        "pairs": numpy.argwhere(mask).tolist(),
        "weights": leaves["weights"][torch.as_tensor(mask)].tolist(),
        "batch": batch, "wide": wide.tolist(), "temperature": 0.5, "positives": positives,
        **{key: leaves[key].tolist() for key in ("queries", "labels", "bias")},
        "losses": losses,
    }


def steps(seed, valued, make):
    draw = torch.Generator().manual_seed(seed)
    features, labels, rows = 7, 5, 4
    mask = torch.rand(features, labels, generator=draw) < 0.5
    weights = (torch.randn(features, labels, generator=draw) * mask).requires_grad_()
    start = weights.detach()[mask].tolist()
    optimizer = make([weights], lr=0.3)
    taken = []
    for step in range(6):
        # A schedule moves the rate between steps.
        optimizer.param_groups[0]["lr"] = 0.3 / (1 + step)
        batch = drawn_batch(draw, rows, features, valued)
        slopes = torch.randn(rows, labels, generator=draw)
        weights.grad = (batch_matrix(batch, features).T @ slopes) * mask
        optimizer.step()
        taken.append({
            "learningRate": 0.3 / (1 + step), "batch": batch, "scoreGradient": slopes.tolist(),
            "weights": weights.detach()[mask].tolist(),
            "state": {
                key: value[mask].tolist() for key, value in optimizer.state[weights].items()
                if torch.is_tensor(value) and value.shape == mask.shape},
        })
    return {"features": features, "labels": labels, "pairs": mask.nonzero().tolist(),
            "weights": start, "steps": taken}


def rounded(value):
    """Fifteen digits: far more precise than the tests' tolerance, in small files."""
    if isinstance(value, float):
        return float(f"{value:.15g}")
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list) else value


def write(name, source, cases):
    golden = {
        "source": source, "version": torch.__version__,
        "script": "Scripts/goldens/sparse_linear.py", "cases": rounded(cases),
    }
    path = GOLDENS / f"{name}.json"
    path.write_text(json.dumps(golden) + "\n")
    print(path, path.stat().st_size, "bytes,", [len(c["pairs"]) for c in cases], "pairs")


write("SparseLinear", "PyTorch autograd over a dense matrix",
      [case(41, 1.0, 1, True), case(42, 0.3, 1, False), case(43, 1.0, 2, True)])
for name in ("Adagrad", "SGD"):
    make = getattr(torch.optim, name)
    write(f"SparseLinear{name}", f"torch.optim.{name}",
          [steps(44, True, make), steps(45, False, make)])
