#!/usr/bin/env python3
"""Writes the goldens of HardContrastiveLoss and of Alignment, Uniformity, Tolerance, RelativePenalty.

Loops over pairs in PyTorch; the relative penalty is computed from PyTorch's gradient of InfoNCE.
"""
import itertools

import torch
from pair_loss_cases import case, rows, unit, write


def hard(queries, keys, bank=None, *, hardest, temperature):
    x, y = unit(queries), unit(keys)
    others = [] if bank is None else list(unit(bank))
    total = 0
    for i in range(len(x)):
        negatives = [x[i] @ y[j] for j in range(len(y)) if j != i] + [x[i] @ z for z in others]
        kept = sorted(negatives, key=lambda s: -s.item())[:hardest]
        scores = torch.stack([x[i] @ y[i]] + kept) / temperature
        total = total - scores.log_softmax(0)[0]
    return total / len(x)


write("HardContrastiveLoss", "contrastive_behaviour.py", "the paper's formula in PyTorch", [
    case(hard, {"hardest": k, "temperature": t}, *(rows(s + 10 * i, n, 3) for i, n in enumerate(sizes)))
    for s, k, t, sizes in [
        (1, 2, 0.3, (5, 5)), (2, 1, 0.1, (4, 4)), (3, 99, 0.5, (3, 3)), (4, 3, 0.2, (3, 3, 6)),
        (5, 4, 1.0, (1, 1, 5))]])

measured = {"Alignment": [], "Uniformity": [], "Tolerance": [], "RelativePenalty": []}
for seed, exponent in [(1, 2.0), (2, 1.0), (3, 3.5)]:
    x, y = rows(seed, 5, 3), rows(seed + 10, 5, 3)
    value = ((unit(x) - unit(y)).norm(dim=1) ** exponent).mean().item()
    measured["Alignment"].append(
        {"exponent": exponent, "first": x.tolist(), "second": y.tolist(), "value": value})
for seed, count, scale in [(1, 6, 2.0), (2, 2, 1.0), (3, 5, 7.0)]:
    x = rows(seed, count, 3)
    value = (-scale * torch.pdist(unit(x)) ** 2).exp().mean().log().item()
    measured["Uniformity"].append({"scale": scale, "embeddings": x.tolist(), "value": value})
for seed, classes in [(1, [0, 1, 0, 1, 0, 2]), (2, [4, 4]), (3, [-1, 7, 7, -1, 7])]:
    x = rows(seed, len(classes), 3)
    z = unit(x)
    same = [z[i] @ z[j] for i, j in itertools.permutations(range(len(z)), 2) if classes[i] == classes[j]]
    measured["Tolerance"].append({
        "classes": classes, "embeddings": x.tolist(), "value": torch.stack(same).mean().item()})
for seed, temperature in [(1, 0.1), (2, 0.5), (3, 5.0)]:
    x, y = rows(seed, 4, 3), rows(seed + 10, 4, 3)
    cosines = (unit(x) @ unit(y).T).requires_grad_()
    torch.nn.functional.cross_entropy(cosines / temperature, torch.arange(4)).backward()
    slopes = cosines.grad
    shares = slopes / -slopes.diagonal()[:, None] * (1 - torch.eye(4))
    entropies = -(shares * (shares + torch.eye(4)).log()).sum(1)
    measured["RelativePenalty"].append({
        "temperature": temperature, "queries": x.tolist(), "keys": y.tolist(),
        "shares": shares.tolist(), "effective": entropies.exp().mean().item()})
for name, cases in measured.items():
    write(name, "contrastive_behaviour.py", "PyTorch", cases, tests="EvaluationTests")
