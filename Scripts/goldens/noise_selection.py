#!/usr/bin/env python3
"""Writes Tests/NoiseTests/Goldens of the methods that choose, weight, mix or corrupt examples.

    Scripts/goldens/noise_selection.py FOLDER

FOLDER has the authors' code nested_loss.py (yingyichen-cyy/Nested-Co-teaching,
co_teaching_resnet/loss.py). The kernel densities and the mixtures are scikit-learn's, as in the
authors' code.
"""
import json
import pathlib
import sys

import numpy as np
import sklearn
import torch
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity

sys.path.insert(0, sys.argv[1])
import nested_loss  # noqa: E402

torch.set_default_dtype(torch.float64)
ROOT = pathlib.Path(__file__).parents[2]


def write(name, source, cases, version=torch.__version__):
    (ROOT / f"Tests/NoiseTests/Goldens/{name}.json").write_text(json.dumps({
        "source": source, "version": version, "script": "Scripts/goldens/noise_selection.py",
        "cases": cases}) + "\n", encoding="utf-8")


def teaching(seed, count, rate, epochs, epoch):
    generator = torch.Generator().manual_seed(seed)
    first, second = [torch.randn(count, 3, generator=generator).requires_grad_() for _ in "12"]
    labels = torch.arange(count) % 3
    schedule = np.ones(epochs + 2) * rate
    schedule[:epochs] = np.linspace(0, rate, epochs)
    kept1, kept2, number = nested_loss.SampleSelection(
        first, second, labels, labels, schedule[epoch])
    losses = [torch.nn.functional.cross_entropy(x, labels, reduction="none") for x in (first, second)]
    leaves = [x.detach().requires_grad_() for x in losses]
    values = [leaves[0][kept2].mean(), leaves[1][kept1].mean()]
    sum(values).backward()
    return {
        "options": {"forgetRate": rate, "gradualEpochs": epochs}, "epoch": epoch,
        "losses": [x.tolist() for x in leaves], "kept": [kept1.tolist(), kept2.tolist()],
        "values": [x.item() for x in values], "gradients": [x.grad.tolist() for x in leaves]}


write("CoTeaching", "the authors' code of Nested-Co-teaching", [
    teaching(1, 10, 0.2, 5, 0), teaching(2, 10, 0.4, 5, 2), teaching(3, 11, 0.45, 5, 4),
    teaching(4, 7, 0.5, 3, 4)])


def nested(mean, deviation, width):
    """GaussianDist of the authors' nested/train_resnet.py, written from its formula."""
    terms = np.exp(-((np.arange(1, width + 1) - mean) / deviation) ** 2)
    return {"options": {"mean": mean, "deviation": deviation}, "width": width,
            "shares": (terms / terms.sum()).tolist()}


write("NestedDropout", "the formula of the authors' code in NumPy", [
    nested(0, 100, 8), nested(0, 2, 6), nested(4, 1.5, 7)], np.__version__)


def mixture(seed, clean, dirty, gap, iterations, tolerance, extra):
    random = np.random.default_rng(seed)
    losses = np.concatenate([
        random.exponential(0.3, clean), np.abs(random.normal(gap, 0.5, dirty))])
    scaled = ((losses - losses.min()) / (losses.max() - losses.min())).reshape(-1, 1)
    # With seed 1 its k-means finds the best two clusters of all cases; with 0 not of the last.
    fit = GaussianMixture(
        2, max_iter=iterations, tol=tolerance, reg_covar=extra, random_state=1).fit(scaled)
    shares = fit.predict_proba(scaled)[:, fit.means_.argmin()]
    return {
        "options": {"iterations": iterations, "tolerance": tolerance, "extraVariance": extra},
        "losses": losses.tolist(), "shares": shares.tolist()}


write("LossMixture", "scikit-learn's GaussianMixture", [
    mixture(1, 30, 20, 4, 10, 1e-2, 5e-4), mixture(2, 30, 10, 1.5, 10, 1e-2, 5e-4),
    mixture(3, 20, 20, 2, 100, 1e-9, 1e-6), mixture(4, 12, 3, 2, 1, 1e-2, 0.01)],
    sklearn.__version__)


def reweighting(strategy, temperature, spread, losses):
    """The functions of the README of the authors' code, written from its formulas."""
    leaf = torch.tensor(losses).requires_grad_()
    x = leaf.detach()
    width = max((x.max() - x.min()).item(), 1e-6)
    h = 2 * spread * x / width - spread * (x.max() + x.min()) / width
    marks = {"cappedLinear": torch.minimum(h + spread, torch.tensor(float(spread))),
             "quadratic": 1 - h ** 2 / spread ** 2, "extremes": h.abs()}[strategy]
    scaled = torch.exp((marks - marks.max()) / temperature)
    weights = scaled / scaled.sum()
    value = (weights * leaf).sum()
    value.backward()
    return {
        "options": {"strategy": strategy, "temperature": temperature, "range": spread},
        "losses": losses, "weights": weights.tolist(), "value": value.item(),
        "gradient": leaf.grad.tolist()}


LOSSES = [0.1, 2.5, 1.2, 7.0, 3.3, 0.1]
write("LossReweighting", "the formulas of the authors' README in PyTorch", [
    reweighting("cappedLinear", 1, 1, LOSSES), reweighting("quadratic", 0.4, 1, LOSSES),
    reweighting("extremes", 2, 1, LOSSES), reweighting("cappedLinear", 0.05, 2, LOSSES),
    reweighting("quadratic", 1, 3, LOSSES), reweighting("extremes", 1, 1, [2.0, 2.0, 2.0])])


def mixup(seed, count, width, bandwidth):
    targets = np.random.default_rng(seed).normal(0, 2, (count, width))
    rates = []
    for own in targets:
        density = np.exp(KernelDensity(kernel="gaussian", bandwidth=bandwidth).fit(
            own.reshape(1, -1)).score_samples(targets))
        rates.append((density / density.sum()).tolist())
    return {"options": {"bandwidth": bandwidth, "concentration": 2}, "targets": targets.tolist(),
            "shares": rates}


write("CMixup", "scikit-learn's KernelDensity, as in the authors' code", [
    mixup(1, 6, 1, 1), mixup(2, 5, 3, 0.5), mixup(3, 4, 2, 1000)], sklearn.__version__)


def corruption(seed, width, classes, own, rate):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(width, generator=generator)
    weights = torch.randn(width, classes, generator=generator)
    scores = x @ weights
    scores[own] = -torch.inf
    shares = rate * scores.softmax(0)
    shares[own] += 1 - rate
    return {"input": x.tolist(), "weights": weights.tolist(), "own": own, "rate": rate,
            "probabilities": shares.tolist()}


write("LabelCorruption", "the paper's algorithm in PyTorch", [
    corruption(1, 3, 4, 2, 0.4), corruption(2, 5, 2, 0, 0.1), corruption(3, 2, 6, 5, 1)])
