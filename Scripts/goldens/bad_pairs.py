#!/usr/bin/env python3
"""Writes Tests/ContrastiveTests/Goldens/DynamicBadPairMining.json: histories in numpy, density of scipy."""
import numpy
from pair_loss_cases import write
from scipy.stats import norm

cases = []
for seed, pairs, epochs, warm_up, cut in [(1, 8, 5, 2, 1.0), (2, 12, 4, 1, 1.5), (3, 4, 3, 0, 0.5)]:
    losses = numpy.random.default_rng(seed).gamma(2.0, 1.0, size=(epochs, pairs))
    weights = []
    for epoch in range(epochs):
        row = numpy.ones(pairs)
        if epoch >= max(1, warm_up):
            shares = numpy.arange(1, epoch + 1) / epochs
            means = (losses[:epoch] * shares[:, None]).mean(0)
            mean, deviation = means.mean(), means.std()
            bad = (means <= mean - cut * deviation) | (means >= mean + cut * deviation)
            row = numpy.where(bad, norm(mean, deviation).pdf(losses[epoch]), 1.0)
        weights.append(row.tolist())
    cases.append({
        "epochs": epochs, "warmUp": warm_up, "cut": cut, "losses": losses.tolist(),
        "weights": weights})
write("DynamicBadPairMining", "bad_pairs.py", "numpy and scipy.stats.norm", cases)
