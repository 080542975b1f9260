#!/usr/bin/env python3
"""Writes the goldens of MultiViewInfoNCELoss and MultiViewDHELLoss.

The formulas of the authors' classes MVINFONCE and MVDHEL, with logarithms of sums, in PyTorch.
"""
import itertools

import torch
from pair_loss_cases import case, rows, unit, write


def info_nce(*views, temperature):
    z = torch.stack([unit(x) for x in views])
    total = torch.zeros(len(views[0]))
    for i in range(len(views[0])):
        pulled = [z[v, i] @ z[w, i] for v, w in itertools.permutations(range(len(views)), 2)]
        pushed = [
            z[v, i] @ z[w, j]
            for v, w, j in itertools.product(
                range(len(views)), range(len(views)), range(len(views[0])))
            if (w, j) != (v, i)]
        total[i] = ((torch.stack(pushed) / temperature).logsumexp(0)
                    - (torch.stack(pulled) / temperature).logsumexp(0))
    return total.mean()


def dhel(*views, temperature):
    z = torch.stack([unit(x) for x in views])
    count = len(views[0])
    own = torch.eye(count, dtype=torch.bool)
    pulled = torch.stack(
        [(z[v] * z[w]).sum(1) for v, w in itertools.combinations(range(len(views)), 2)])
    pushed = (z @ z.transpose(1, 2) / temperature).masked_fill(own, -torch.inf).logsumexp(2)
    return (pushed.sum(0) - (pulled / temperature).logsumexp(0)).mean()


for name, loss in [("MultiViewInfoNCELoss", info_nce), ("MultiViewDHELLoss", dhel)]:
    write(name, "multi_view.py", "the authors' formula in PyTorch", [
        case(loss, {"temperature": t}, *(rows(s + 10 * v, n, 3) for v in range(views)))
        for s, n, views, t in [(1, 4, 3, 0.2), (2, 3, 2, 0.5), (3, 2, 4, 1.0), (4, 3, 3, 0.02)]])
