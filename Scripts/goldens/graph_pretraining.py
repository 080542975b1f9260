#!/usr/bin/env python3
"""Writes the goldens of Sources/Learning/Graphs/Pretraining.

    Scripts/goldens/graph_pretraining.py      (torch, numpy, POT 0.9.7)

Graphons: blocks of degree-sorted adjacency matrices in numpy, resized by PyTorch's bilinear
interpolation. Distances: the plan is POT's entropic Gromov-Wasserstein; the gradient that of the cost at
this plan, in float64.
"""
import math

import numpy as np
import ot
import torch
from pair_loss_cases import case, rows, write

SCRIPT = "graph_pretraining.py"
SOURCE = "POT 0.9.7 and PyTorch"


def adjacency(graph):
    matrix = np.zeros((graph["nodes"], graph["nodes"]))
    for a, b in graph["edges"]:
        matrix[a, b] = matrix[b, a] = 1
    return matrix


def graphon(graphs):
    """Sorting and smoothing: the authors' sorted_smooth without its total variation."""
    largest = max(g["nodes"] for g in graphs)
    total = np.zeros((largest, largest))
    for g in graphs:
        matrix = adjacency(g)
        order = np.argsort(-matrix.sum(0), kind="stable")
        total[: len(order), : len(order)] += matrix[np.ix_(order, order)]
    size = int(math.log2(largest) + 1)
    mean = torch.tensor(total / len(graphs))[None, None]
    kernel = torch.ones(1, 1, size, size) / size**2
    return torch.nn.functional.conv2d(mean, kernel, stride=size)[0, 0]


def resized(matrix, count):
    return torch.nn.functional.interpolate(
        matrix[None, None], size=(count, count), mode="bilinear", align_corners=False)[0, 0]


def plan(a, b, epsilon):
    return torch.tensor(ot.gromov.entropic_gromov_wasserstein(
        a.detach().numpy(), b.detach().numpy(), np.full(len(a), 1 / len(a)), np.full(len(b), 1 / len(b)),
        "square_loss", epsilon=epsilon, symmetric=True, max_iter=2000, tol=1e-13, solver="PGD",
        numItermax=20000, stopThr=1e-13))


def cost(a, b, t):
    differences = (a[:, None, :, None] - b[None, :, None, :]) ** 2
    return torch.einsum("ijkl,ij,kl->", differences, t, t)


def mixture(logits, target, *basis, epsilon):
    shares = torch.softmax(logits[0], 0)
    mixed = sum(share * matrix for share, matrix in zip(shares, basis))
    return cost(mixed, target, plan(mixed, target, epsilon))


def symmetric(seed, count):
    matrix = torch.rand(count, count, generator=torch.Generator().manual_seed(seed))
    return (matrix + matrix.T) / 2


def decreasing(count, slope):
    x = (torch.arange(count) + 0.5) / count
    return torch.exp(-slope * (x[:, None] + x[None]))


def sample(seed, count, share):
    generator = np.random.default_rng(seed)
    return {"nodes": count, "edges": [
        [a, b] for a in range(count) for b in range(a) if generator.random() < share]}


cases = []
for epsilon, target, basis in [
        (0.05, symmetric(1, 5), [symmetric(2, 4), symmetric(3, 4)]),
        (0.02, decreasing(6, 1.0), [decreasing(6, 2.0), decreasing(6, 0.3), symmetric(4, 6)]),
        (0.1, decreasing(3, 2.0), [symmetric(5, 1)]),
        (0.02, torch.zeros(4, 4), [decreasing(4, 0.5), torch.ones(4, 4)])]:
    cases.append(case(mixture, {"epsilon": epsilon}, rows(len(cases), 1, len(basis)), target, *basis))
write("W2PGNN", SCRIPT, SOURCE, cases, "GraphsTests")

cases = []
for count, graphs in [
        (5, [sample(1, 30, 0.2)]), (3, [sample(2, 9, 0.5), sample(3, 20, 0.1), sample(4, 14, 0.9)]),
        (4, [{"nodes": 1, "edges": []}]), (7, [{"nodes": 6, "edges": [[0, i] for i in range(1, 6)]}]),
        (2, [{"nodes": 40, "edges": [[i, i + 1] for i in range(39)]}])]:
    found = graphon(graphs)
    cases.append({
        "graphs": graphs, "probabilities": found.tolist(), "resized": resized(found, count).tolist()})
write("Graphon", SCRIPT, "numpy and PyTorch", cases, "GraphsTests")
