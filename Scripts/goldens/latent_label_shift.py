#!/usr/bin/env python3
"""Writes Tests/NoiseTests/Goldens/DDFA.json.

    Scripts/goldens/latent_label_shift.py CHECKOUT

CHECKOUT holds the authors' code (github.com/acmi-lab/Latent-Label-Shift-DDFA): its factors, from a
start of ours, and its posteriors. Clusters of the cases are given, because k-means starts at random.
"""
import json
import pathlib
import sys
import types

import numpy
import sklearn
import sklearn.decomposition

sys.path.insert(0, sys.argv[1])
sys.modules["faiss"] = types.SimpleNamespace(Kmeans=None)
from ddfa.components import class_prior_estimation  # noqa: E402
from ddfa.components.experiment_utils import solve_p_y_x, solve_p_y_x_d  # noqa: E402

STARTS = []


class StartedNMF(sklearn.decomposition.NMF):
    """From the factors in STARTS, in place of random ones."""

    def __init__(self, n_components, init, random_state):
        super().__init__(n_components=n_components, init="custom")

    def fit_transform(self, x):
        return super().fit_transform(x, W=STARTS[0].copy(), H=STARTS[1].copy())


class Given:
    """Clusters that are known."""

    def __init__(self, owners):
        self.owners = owners

    def train_cluster(self, *_):
        pass

    def eval_cluster(self, *_):
        return self.owners


class_prior_estimation.NMF = StartedNMF


def case(seed, classes, domains, clusters, count):
    random = numpy.random.default_rng(seed)
    shares = random.dirichlet([0.5] * classes, size=domains)
    kinds = random.dirichlet([0.3] * clusters, size=classes)
    where = numpy.concatenate([numpy.arange(domains), random.integers(domains, size=count)])
    labels = [random.choice(classes, p=shares[d]) for d in where]
    owners = numpy.array([random.choice(clusters, p=kinds[y]) for y in labels])
    left, right = random.random((domains, classes)), random.random((classes, clusters))
    STARTS[:] = [left, right]
    estimator = class_prior_estimation.ClusterNMFClassPriorEstimation(Given(owners), clusters)
    found = estimator.estimate_class_prior(classes, domains, None, where)  # [k, D]
    # Evidence that the estimate explains, and some that it does not.
    likelihood = found.T / found.T.sum(axis=0)
    evidence = random.dirichlet([1.0] * classes, size=6) @ likelihood.T
    evidence[4:] = random.dirichlet([0.2] * domains, size=2)
    asked = random.integers(domains, size=6)
    raw = solve_p_y_x(evidence, found)
    clipped = solve_p_y_x_d(found, numpy.maximum(raw, 0), asked)
    if (raw >= 0).all():
        assert numpy.allclose(clipped, solve_p_y_x_d(found, raw, asked))
    return {
        "options": {
            "classes": classes, "clusters": clusters, "starts": 1, "rounds": 200,
            "tolerance": 1e-4},
        "owners": owners.tolist(), "domains": where.tolist(), "left": left.tolist(),
        "right": right.T.tolist(), "shares": found.T.tolist(),
        "kinds": estimator.p_discrete_x_given_y.tolist(), "evidence": evidence.tolist(),
        "asked": asked.tolist(), "isNegative": bool((raw < 0).any()),
        "posteriors": clipped.tolist()}


path = pathlib.Path(__file__).parents[2] / "Tests/NoiseTests/Goldens/DDFA.json"
path.write_text(json.dumps({
    "source": "the authors' code with scikit-learn", "version": sklearn.__version__,
    "script": "Scripts/goldens/latent_label_shift.py",
    "cases": [case(1, 2, 2, 4, 40), case(2, 3, 5, 8, 200), case(3, 4, 4, 6, 100)]}) + "\n")
