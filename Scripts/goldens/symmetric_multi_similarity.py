#!/usr/bin/env python3
"""Writes Tests/ContrastiveTests/Goldens/SymmetricMultiSimilarityLoss.json: loops over pairs in PyTorch."""
import torch
from pair_loss_cases import case, rows, unit, write


def loss(first, second, relevance, margin, slack, tie):
    x, y = unit(first), unit(second)
    relevance = relevance.detach()
    terms = []
    for a, b, c in [(x, y, relevance), (y, x, relevance.T)]:
        for i in range(len(a)):
            for j in range(len(a)):
                if i == j:
                    continue
                apart = c[i, i] - c[i, j]
                miss = apart * margin - (a[i] @ b[i] - a[i] @ b[j])
                if apart >= tie:
                    terms.append(miss.relu())
                elif apart <= -tie:
                    terms.append((-miss).relu())
                else:
                    terms.append((miss.abs() - slack).relu())
    return torch.stack(terms).mean()


soft = [
    torch.tensor([[1, 0.5, 0.25, 1], [0.5, 1, 0, 0], [0.25, 0, 0.75, 0.9], [1, 0, 0.9, 0.5]]),
    torch.eye(3), torch.tensor([[0.2, 0.8, 0.201], [0.5, 0.5, 0.4], [0.1, 0.6, 0.3]])]
write("SymmetricMultiSimilarityLoss", "symmetric_multi_similarity.py",
      "the authors' formula in PyTorch", [
          case(loss, {"margin": m, "slack": l, "tie": e}, rows(s, len(c), 3),
               rows(s + 10, len(c), 3), c)
          for s, c, m, l, e in [
              (1, soft[0], 0.6, 0.1, 1.1 / 240), (2, soft[1], 0.2, 0.0, 0.0),
              (3, soft[2], 1.5, 0.3, 0.05)]])
