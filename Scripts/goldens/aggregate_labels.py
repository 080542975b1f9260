#!/usr/bin/env python3
"""Writes the goldens of AggregateResponseLoss, DLLPLoss and LLPBeliefPropagation.

The losses from their equations in PyTorch float64, bag by bag. Belief propagation with messages of a
bag summed over all of its labelings, in a flooding schedule until nothing moves; for graphs without
loops also the exact marginals, summed over all labelings.
"""
import itertools
import json
import math
import pathlib

import torch
from pair_loss_cases import case, rows, write

SCRIPT = "aggregate_labels.py"


def aggregate(x, instanceWeight, kind, sizes, responses):
    total, start = 0, 0
    for size, response in zip(sizes, responses):
        f = x[start:start + size, 0]
        start += size
        if kind == "squared":
            bag = (response - f.mean()) ** 2
            instance = sum((response - each) ** 2 for each in f)
        else:
            p = torch.sigmoid(f)
            bag = -response * p.mean().log() - (1 - response) * (1 - p).mean().log()
            instance = sum(-response * each.log() - (1 - response) * (1 - each).log() for each in p)
        total = total + (1 - instanceWeight) * size * bag + instanceWeight * instance
    return total / len(x)


def dllp(x, sizes, shares):
    terms, start = [], 0
    for size, share in zip(sizes, shares):
        mean = torch.softmax(x[start:start + size], dim=1).mean(dim=0)
        start += size
        terms.append(-sum(s * m.log() for s, m in zip(share, mean) if s > 0))
    return sum(terms) / len(terms)


def potential(labels, bags, counts, edges, bag_weight, neighbour_weight):
    value = sum(
        -bag_weight * (sum(labels[i] for i in bag) - n) ** 2 for bag, n in zip(bags, counts))
    return math.exp(value - sum(
        neighbour_weight * k for i, j, k in edges if labels[i] != labels[j]))


def exact(count, *args):
    masses = [0.0] * count
    total = 0.0
    for labels in itertools.product([0, 1], repeat=count):
        p = potential(labels, *args)
        total += p
        for i in range(count):
            masses[i] += p * labels[i]
    return [m / total for m in masses]


def propagate(count, bags, counts, edges, bag_weight, neighbour_weight):
    """Factors are (rows, function of their labels); messages are (for 0, for 1)."""
    factors = [
        (bag, lambda y, n=n: math.exp(-bag_weight * (sum(y) - n) ** 2))
        for bag, n in zip(bags, counts)]
    factors += [
        ((i, j), lambda y, k=k: math.exp(-neighbour_weight * k * (y[0] != y[1])))
        for i, j, k in edges]
    messages = {(f, i): (0.5, 0.5) for f, (members, _) in enumerate(factors) for i in members}
    for _ in range(3000):
        new = {}
        for f, (members, value) in enumerate(factors):
            incoming = {}
            for i in members:
                product = [1.0, 1.0]
                for (g, other), m in messages.items():
                    if other == i and g != f:
                        product = [product[0] * m[0], product[1] * m[1]]
                incoming[i] = product
            for place, i in enumerate(members):
                sums = [0.0, 0.0]
                for y in itertools.product([0, 1], repeat=len(members)):
                    p = value(y)
                    for other, label in zip(members, y):
                        if other != i:
                            p *= incoming[other][label]
                    sums[y[place]] += p
                old = messages[f, i]
                total = sum(sums)
                # Damped in log-odds, as is usual.
                odds = 0.5 * math.log(old[1] / old[0]) + 0.5 * math.log(sums[1] / sums[0])
                new[f, i] = (1 / (1 + math.exp(odds)), 1 / (1 + math.exp(-odds)))
                assert total > 0
        moved = max(abs(new[key][1] - messages[key][1]) for key in new)
        messages = new
        if moved < 1e-15:
            break
    result = []
    for i in range(count):
        odds = sum(
            math.log(m[1] / m[0]) for (_, other), m in messages.items() if other == i)
        result.append(1 / (1 + math.exp(-odds)))
    return result


def propagation(bags, counts, edges, bag_weight, neighbour_weight, is_tree):
    count = sum(len(b) for b in bags)
    args = (bags, counts, edges, bag_weight, neighbour_weight)
    found = propagate(count, *args)
    if is_tree:
        truth = exact(count, *args)
        assert max(abs(a - b) for a, b in zip(found, truth)) < 1e-12
    return {
        "options": {
            "bagWeight": bag_weight, "neighbourWeight": neighbour_weight, "rounds": 2000,
            "damping": 0.5},
        "bags": bags, "counts": counts, "edges": edges, "marginals": found}


write("AggregateResponseLoss", SCRIPT, "the equations in PyTorch", [
    case(aggregate, {"instanceWeight": w, "kind": k, "sizes": s, "responses": r}, rows(i, sum(s), 1, 2))
    for i, (w, k, s, r) in enumerate([
        (0.0, "squared", [3, 3], [0.5, -2.0]), (1.0, "squared", [3, 3], [0.5, -2.0]),
        (0.3, "squared", [1, 4, 2], [3.0, 0.25, -1.0]), (0.0, "logistic", [4, 4], [0.25, 1.0]),
        (1.0, "logistic", [2, 5], [0.0, 0.6]), (0.7, "logistic", [1, 4, 3], [1.0, 0.5, 1 / 3])])
], tests="NoiseTests")
write("DLLPLoss", SCRIPT, "the equation in PyTorch", [
    case(dllp, {"sizes": s, "shares": p}, rows(i + 10, sum(s), len(p[0]), scale))
    for i, (s, p, scale) in enumerate([
        ([4, 4], [[0.25, 0.75], [1.0, 0.0]], 1), ([1, 5], [[0, 1.0, 0], [0.2, 0.2, 0.6]], 2),
        ([3], [[1 / 3, 1 / 3, 1 / 3]], 8)])], tests="NoiseTests")
path = pathlib.Path(__file__).parents[2] / "Tests/NoiseTests/Goldens/LLPBeliefPropagation.json"
path.write_text(json.dumps({
    "source": "sums over all labelings, in Python", "version": "1",
    "script": f"Scripts/goldens/{SCRIPT}", "cases": [
        propagation([[0, 1, 2, 3]], [1], [], 1.0, 0.5, True),
        propagation([[0, 1, 2], [3, 4, 5]], [1, 3], [[1, 4, 1.0]], 0.7, 1.5, True),
        propagation([[0], [1, 2], [3, 4, 5]], [1, 1, 1.4], [[0, 1, 2.0], [2, 3, 0.5]], 2.0, 0.8, True),
        propagation(
            [[0, 2, 4, 6], [1, 3, 5, 7]], [1, 3],
            [[0, 1, 1.0], [1, 2, 0.5], [2, 0, 0.7], [3, 4, 1.0], [5, 6, -0.4], [6, 7, 0.9]], 0.4, 0.6,
            False)]}) + "\n")
