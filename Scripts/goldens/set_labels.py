#!/usr/bin/env python3
"""Writes the golden of Sources/Learning/Noise/Sets/FACILE.swift.

    Scripts/goldens/set_labels.py      (torch)

The authors' network (zhangrenyuuchicago/FACILE, SupCEResNetWSI with its set transformer, after the
encoder) as functions of its weights in PyTorch float64, one set after the other.
"""
import math

import torch
import torch.nn.functional as F
from pair_loss_cases import case, rows, write


class Weights:
    """Hands out weights in the order of the network's parameters."""

    def __init__(self, weights):
        self.left = list(weights)

    def take(self):
        return self.left.pop(0)

    def linear(self):
        weight, bias = self.take(), self.take()
        return lambda x: x @ weight.T + bias[0]

    def block(self, heads):
        """The authors' MAB."""
        query, output, keys, values = (self.linear() for _ in range(4))

        def apply(inputs, members):
            q, k, v = query(inputs), keys(members), values(members)
            width = q.shape[1]
            parts = [
                q[:, h] + torch.softmax(q[:, h] @ k[:, h].T / math.sqrt(width), 1) @ v[:, h]
                for h in torch.arange(width).chunk(heads)]
            o = torch.cat(parts, 1)
            return o + F.relu(output(o))
        return apply


def facile(embeddings, *weights, sizes, labels, heads, **_):
    w = Weights(weights)
    induced = [(w.take(), w.block(heads), w.block(heads)) for _ in range(2)]
    seed, pooling = w.take(), w.block(heads)
    blocks = [w.block(heads) for _ in range(2)]
    output, classifier = w.linear(), w.linear()
    scores = []
    for x in embeddings.split(sizes):
        for points, to_members, to_points in induced:
            x = to_points(x, to_members(points, x))
        x = pooling(seed, x)
        for block in blocks:
            x = block(x, x)
        scores.append(classifier(output(x)))
    return F.cross_entropy(torch.cat(scores), torch.tensor(labels))


def shapes(inputs, classes, hidden, points):
    def block(queries, members):
        return [(hidden, queries), (1, hidden), (hidden, hidden), (1, hidden)] + [(hidden, members), (1, hidden)] * 2
    result = []
    for width in [inputs, hidden]:
        result += [(points, hidden)] + block(hidden, width) + block(width, hidden)
    result += [(1, hidden)] + block(hidden, hidden) * 3
    return result + [(inputs, hidden), (1, inputs), (classes, inputs), (1, classes)]


cases = []
for number, (sizes, labels, heads, points) in enumerate([
        ([3, 3], [1, 0], 2, 2), ([1, 4, 2], [2, 2, 0], 1, 3), ([5], [1], 4, 1)]):
    inputs, count, hidden = 3, 3, 4
    embeddings = rows(100 * number, sum(sizes), inputs)
    weights = [rows(100 * number + i + 1, *s, 0.7) for i, s in enumerate(shapes(inputs, count, hidden, points))]
    options = {
        "sizes": sizes, "labels": labels, "heads": heads, "inducedPoints": points, "hidden": hidden, "inputs": inputs,
        "classes": count}
    cases.append(case(facile, options, embeddings, *weights))
write("FACILE", "set_labels.py", "PyTorch, from the authors' code", cases, "NoiseTests")
