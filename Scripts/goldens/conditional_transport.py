#!/usr/bin/env python3
"""Writes Tests/ExtremeTests/Goldens/ConditionalTransportLoss.json: by loops over examples and the
cells of their plans, with numbers of PyTorch in float64."""
import json
import pathlib

import torch
from torch.nn.functional import cosine_similarity

torch.set_default_dtype(torch.float64)


def plan(shares, nearness):
    """How one element is split over the others."""
    parts = [share * n.exp() for share, n in zip(shares, nearness)]
    return [part / sum(parts) for part in parts]


def loss(patches, weights, labels, positives, grades, temperature, forward):
    total, count = 0, 0
    for own, theta, columns, values in zip(patches, weights, positives, grades):
        chosen = {}
        for column, value in zip(columns, values):
            chosen[column] = max(chosen.get(column, 0), value)
        there = [n for n in range(len(own)) if theta[n] > 0]
        chosen = {m: v for m, v in chosen.items() if v > 0}
        if not there or not chosen:
            continue
        count += 1
        share = [theta[n] / sum(theta[k] for k in there) for n in there]
        beta = [v / sum(chosen.values()) for v in chosen.values()]
        cosine = [[cosine_similarity(own[n], labels[m], dim=0) for m in chosen] for n in there]
        for i in range(len(there)):
            for part, c in zip(plan(beta, [c / temperature for c in cosine[i]]), cosine[i]):
                total = total + forward * share[i] * part * (1 - c)
        for j in range(len(chosen)):
            column = [row[j] for row in cosine]
            for part, c in zip(plan(share, [c / temperature for c in column]), column):
                total = total + (1 - forward) * beta[j] * part * (1 - c)
    return total / count


def case(seed, patch_count, width, label_count, positives, grades, temperature, forward, weights):
    generator = torch.Generator().manual_seed(seed)
    patches = torch.randn(len(positives), patch_count, width, generator=generator).requires_grad_()
    labels = torch.randn(label_count, width, generator=generator).requires_grad_()
    used = weights or [[1.0] * patch_count for _ in positives]
    values = grades or [[1.0] * len(row) for row in positives]
    value = loss(patches, used, labels, positives, values, temperature, forward)
    value.backward()
    return {
        "options": {"temperature": temperature, "forwardWeight": forward},
        "inputs": {"patches": patches.tolist(), "patchWeights": weights, "labels": labels.tolist(),
                   "positives": positives, "grades": grades},
        "value": value.item(),
        "gradients": {"patches": patches.grad.tolist(), "labels": labels.grad.tolist()},
    }


path = pathlib.Path(__file__).parents[2] / "Tests/ExtremeTests/Goldens/ConditionalTransportLoss.json"
path.write_text(json.dumps({
    "source": "PyTorch cosine_similarity and loops", "version": torch.__version__,
    "script": "Scripts/goldens/conditional_transport.py",
    "cases": [
        case(1, 4, 3, 5, [[0, 4], [2], [1, 3, 0]], None, 1.0, 0.5, None),
        # An example without labels, one without patches, a label that is named twice, shares.
        case(2, 3, 4, 6, [[5, 1, 5], [], [2, 0], [3]], [[1, 2, 3], [], [0, 1.5], [1]], 0.2, 0.8,
             [[1, 0.5, 0], [1, 1, 1], [0, 2, 1], [0, 0, 0]]),
    ]}, indent=1) + "\n")
print(path)
