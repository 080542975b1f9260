#!/usr/bin/env python3
"""Writes Tests/ContrastiveTests/Goldens/FeatureTransformation.json.

The mixing in PyTorch, with coefficients from its Beta distribution: as the authors train (one per
batch, unnormalised), and with the other options of their code. The gradient is that of a cross-entropy.
"""
import torch
from pair_loss_cases import rows, unit, write

cases = []
for seed, batch, negatives, granularity, scaled in [
        (1, 3, 4, "batch", False), (2, 2, 5, "row", True), (3, 1, 1, "element", True),
        (4, 4, 3, "element", False)]:
    torch.manual_seed(seed)
    width = 3 if granularity == "element" else 1
    count = (1, 1) if granularity == "batch" else (batch, negatives)
    q, k, n = (unit(rows(seed + 10 * i, c, 3)) for i, c in enumerate([batch, batch, negatives]))
    extrapolations = torch.distributions.Beta(2.0, 2.0).sample((count[0], width)) + 1
    interpolations = torch.distributions.Beta(1.6, 1.6).sample((count[1], width))
    partners = torch.randperm(negatives)
    leaf = q.clone().requires_grad_()
    queries = extrapolations * leaf + (1 - extrapolations) * k
    keys = extrapolations * k + (1 - extrapolations) * leaf
    if scaled:
        queries, keys = unit(queries), unit(keys)
    mixed = interpolations * n + (1 - interpolations) * n[partners]
    scores = torch.cat([(queries * keys).sum(1, keepdim=True), queries @ mixed.T], dim=1)
    torch.nn.functional.cross_entropy(scores, torch.zeros(batch, dtype=torch.long)).backward()
    cases.append({
        "granularity": granularity, "isNormalized": scaled, "queries": q.tolist(), "keys": k.tolist(), "negatives": n.tolist(),
        "extrapolations": extrapolations.tolist(), "interpolations": interpolations.tolist(),
        "partners": partners.tolist(), "hardQueries": queries.tolist(), "hardKeys": keys.tolist(),
        "mixed": mixed.tolist(), "ofQueries": leaf.grad.tolist()})
write("FeatureTransformation", "feature_transformation.py", "PyTorch", cases)
