#!/usr/bin/env python3
"""Writes the goldens of MoCoLoss, NNCLRLoss, MomentumQueue and NearestNeighbourQueue.

Losses are PyTorch's cross-entropy; the queues are Python's deque.
"""
import collections

import torch
from pair_loss_cases import case, rows, unit, write
from torch.nn.functional import cross_entropy


def moco(queries, keys, queue, temperature):
    x, k, q = unit(queries), unit(keys.detach()), unit(queue.detach())
    scores = torch.cat([(x * k).sum(1, keepdim=True), x @ q.T], dim=1) / temperature
    return cross_entropy(scores, torch.zeros(len(x), dtype=torch.long))


def nnclr(neighbours, predictions, temperature):
    scores = unit(neighbours.detach()) @ unit(predictions).T / temperature
    return cross_entropy(scores, torch.arange(len(scores)))


write("MoCoLoss", "queues.py", "PyTorch cross_entropy", [
    case(moco, {"temperature": t}, rows(s, n, 3), rows(s + 10, n, 3), rows(s + 20, k, 3))
    for s, n, k, t in [(1, 4, 6, 0.07), (2, 1, 3, 0.5), (3, 3, 1, 2.0)]])
write("NNCLRLoss", "queues.py", "PyTorch cross_entropy", [
    case(nnclr, {"temperature": t}, rows(s, n, 3), rows(s + 10, n, 3))
    for s, n, t in [(1, 5, 0.1), (2, 2, 0.5), (3, 1, 0.1)]])

momentum, nearest = [], []
for seed, capacity, sizes in [(1, 4, [2, 2, 2]), (2, 3, [2, 2, 5, 1]), (3, 5, [1, 1])]:
    batches = [rows(seed + 10 * i, n, 3) for i, n in enumerate(sizes)]
    asked = rows(seed + 100, 3, 3)
    queue, contents, neighbours = collections.deque(maxlen=capacity), [], []
    for batch in batches:
        queue.extend(unit(batch))
        held = torch.stack(list(queue))
        contents.append(held.tolist())
        distances = (unit(asked)[:, None] - held[None]).norm(dim=2)
        neighbours.append(held[distances.argmin(1)].tolist())
    options = {"capacity": capacity, "batches": [b.tolist() for b in batches]}
    momentum.append({**options, "contents": contents})
    nearest.append({**options, "asked": asked.tolist(), "neighbours": neighbours})
write("MomentumQueue", "queues.py", "Python deque", momentum)
write("NearestNeighbourQueue", "queues.py", "Python deque and PyTorch norms", nearest)
