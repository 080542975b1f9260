#!/usr/bin/env python3
"""Writes the goldens of the contrastive losses of Sources/Learning/Graphs.

    Scripts/goldens/node_contrast.py      (torch)

PyTorch float64, written from the authors' code (MEOW), which itself runs on a GPU alone.
"""
import torch
from pair_loss_cases import case, rows, unit, write

SCRIPT = "node_contrast.py"
SOURCE = "the authors' formulas in PyTorch"


def meow(coarse, fine, temperature, prototypeWeight, assignments, prototypes, concentrations):
    count = len(coarse)
    near = (coarse @ fine.T / temperature).exp()
    weights = torch.zeros(count, count)
    for clusters in assignments:
        clusters = torch.tensor(clusters)
        weights += (clusters[:, None] != clusters[None]).double()
    has_negatives = weights.sum(1) > 0
    loss = -torch.log(near.diag()[has_negatives] / (weights * near).sum(1)[has_negatives]).sum() / count
    for clusters, centres, spreads in zip(assignments, prototypes, concentrations):
        centres, spreads = torch.tensor(centres), torch.tensor(spreads)
        own = (coarse * centres[clusters]).sum(1) / spreads[clusters]
        others = (coarse @ centres.T / spreads).exp().mean(1) * count
        loss = loss - prototypeWeight * torch.log(own.exp() / others).mean() / len(assignments)
    return loss


def adameow(coarse, fine, hidden, hidden_bias, output, output_bias, temperature):
    near = (fine @ coarse.T / temperature).exp()
    pairs = fine[:, None] + coarse[None]
    weights = torch.sigmoid(torch.tanh(pairs @ hidden.T + hidden_bias[0]) @ output.T + output_bias[0])[..., 0]
    return -torch.log(near.diag() / (near * weights).sum(1)).mean()


cases = []
for seed, (count, temperature, weight, assignments) in enumerate([
        (6, 0.4, 1.0, [[0, 0, 1, 1, 2, 0], [0, 1, 0, 1, 0, 1]]), (5, 0.9, 0.3, [[0, 1, 2, 3, 3]]),
        # Node 3 is told from no other by the only division of the next, all by one of two after it.
        (4, 0.1, 0.0, [[0, 0, 0, 0], [1, 1, 0, 1]]), (3, 0.4, 2.0, [[0, 0, 0]]),
        (6, 0.02, 1.0, [[0, 0, 1, 1, 2, 0], [0, 1, 0, 1, 0, 1]])]):
    views = [unit(rows(seed, count, 3)), unit(rows(10 + seed, count, 3))]
    centres = [unit(rows(20 + seed + i, max(a) + 1, 3)).tolist() for i, a in enumerate(assignments)]
    spreads = [(rows(40 + seed + i, 1, max(a) + 1)[0].abs() + 0.2).tolist() for i, a in enumerate(assignments)]
    cases.append(case(meow, {
        "temperature": temperature, "prototypeWeight": weight, "assignments": assignments,
        "prototypes": centres, "concentrations": spreads}, *views))
write("MEOWLoss", SCRIPT, SOURCE, cases, "GraphsTests")

cases = []
for seed, (count, temperature, scale) in enumerate([(6, 1.0, 1.0), (4, 0.9, 3.0), (1, 1.0, 1.0), (5, 0.05, 8.0)]):
    shapes = [(2, 3), (1, 2), (1, 2), (1, 1)]
    inputs = [unit(rows(seed, count, 3)), unit(rows(10 + seed, count, 3))]
    inputs += [rows(20 + 10 * seed + i, *shape, scale) for i, shape in enumerate(shapes)]
    cases.append(case(adameow, {"temperature": temperature}, *inputs))
write("AdaMEOWLoss", SCRIPT, SOURCE, cases, "GraphsTests")
