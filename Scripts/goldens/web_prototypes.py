#!/usr/bin/env python3
"""Writes Tests/NoiseTests/Goldens/CAPro.json.

The statements of the authors' code (github.com/yuleiqin/capro, model.py and train.py), of single
labels, row by row in PyTorch float64. Value and gradient are those of the loss.
"""
import torch
from pair_loss_cases import rows, unit, write


def example(seed, count, width, classes, options):
    torch.manual_seed(seed)
    given = [int(c) for c in torch.randint(classes, (count,))]
    logits, embeddings = rows(seed, count, classes, 2), rows(seed + 1, count, width)
    dictionary, told = rows(seed + 2, 5, width), torch.softmax(rows(seed + 3, 5, classes), dim=1)
    z, tau, alpha = unit(embeddings), options["temperature"], options["modelShare"]

    prototypes = torch.zeros(classes, width)
    for feature, label in zip(z, given):
        prototypes[label] += feature
    prototypes = unit(prototypes)
    updated = prototypes.clone()
    for feature, label in zip(z, given):
        updated[label] = updated[label] * options["momentum"] + (1 - options["momentum"]) * feature
    updated = unit(updated)

    soft = alpha * torch.softmax(logits, dim=1) \
        + (1 - alpha) * torch.softmax(z @ prototypes.T / tau, dim=1)
    labels = []
    for row, label in zip(soft, given):
        if row.max() >= options["threshold"]:
            labels.append(int(row.argmax()))
        else:
            labels.append(label if row[label] >= 1 / classes else None)

    similarity = (z @ unit(dictionary).T).clamp(0, 1) + 1e-7
    similarity = similarity / similarity.sum(dim=1, keepdim=True)
    targets = similarity @ told
    targets = targets / targets.sum(dim=1, keepdim=True)

    leaf = logits.clone().requires_grad_()
    beta, logs = options["bootstrapShare"], torch.log_softmax(leaf, dim=1)
    value = sum(
        -(1 - beta) * log[label] - beta * (target * log).sum()
        for log, label, target in zip(logs, given, targets)) / count
    value.backward()
    return {
        "options": options | {"selection": 2}, "classes": given, "logits": logits.tolist(),
        "embeddings": embeddings.tolist(), "dictionary": dictionary.tolist(),
        "told": told.tolist(), "prototypes": prototypes.tolist(), "updated": updated.tolist(),
        "judgements": soft.tolist(), "labels": labels, "targets": targets.tolist(),
        "value": value.item(), "gradient": leaf.grad.tolist()}


def options(tau, alpha, threshold, momentum, beta):
    return {
        "temperature": tau, "modelShare": alpha, "threshold": threshold, "momentum": momentum,
        "bootstrapShare": beta}


write("CAPro", "web_prototypes.py", "the authors' statements in PyTorch", [
    example(1, 8, 3, 3, options(0.1, 0.5, 0.6, 0.999, 0.1)),
    example(7, 12, 4, 4, options(0.5, 0.3, 0.7, 0.5, 0.6)),
    example(13, 3, 2, 5, options(2.0, 0.9, 0.4, 0.0, 1.0))], tests="NoiseTests")
