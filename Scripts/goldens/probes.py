#!/usr/bin/env python3
"""Writes the goldens of the probes: NearestNeighbourProbe, LinearProbe, NaiveBayesProbe and
FewShotEpisodes, all from scikit-learn."""
import json
import pathlib

import numpy
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid

GOLDENS = pathlib.Path(__file__).resolve().parents[2] / "Tests/EvaluationTests/Goldens"


def blobs(seed, rows, classes, width, spread=1.0):
    """Rows around one centre per class, and their classes."""
    random = numpy.random.default_rng(seed)
    centres = random.normal(size=(classes, width))
    own = numpy.arange(rows) % classes
    return centres[own] + spread * random.normal(size=(rows, width)), own


def write(name, source, cases):
    (GOLDENS / f"{name}.json").write_text(json.dumps({
        "source": source, "version": sklearn.__version__, "script": "Scripts/goldens/probes.py",
        "cases": cases}) + "\n")


def unit(rows):
    return rows / numpy.linalg.norm(rows, axis=1, keepdims=True)


def data(seed, classes, width, rows=24, spread=1.0):
    train, own = blobs(seed, rows, classes, width, spread)
    test = blobs(seed + 100, 7, classes, width, spread)[0]
    return train, own, test, {
        "train": train.tolist(), "classes": own.tolist(), "test": test.tolist()}


cases = []
for seed, classes, width, neighbours, temperature in [
        (1, 3, 4, 5, 0.07), (2, 2, 2, 24, 0.5), (3, 4, 3, 1, 1.0)]:
    train, own, test, case = data(seed, classes, width)
    # For unit vectors the squared distance is 2 − 2 cos.
    model = KNeighborsClassifier(
        neighbours, algorithm="brute",
        weights=lambda d: numpy.exp((1 - d * d / 2) / temperature)).fit(unit(train), own)
    cases.append(case | {
        "neighbours": neighbours, "temperature": temperature,
        "shares": model.predict_proba(unit(test)).tolist()})
write("NearestNeighbourProbe", "scikit-learn KNeighborsClassifier with weights exp(cos / τ)", cases)

cases = []
for seed, classes, width, penalty in [(4, 3, 4, 1.0), (5, 2, 3, 0.1), (6, 4, 2, 10.0)]:
    train, own, test, case = data(seed, classes, width)
    # For two classes scikit-learn penalises the difference of the weights, which halves the
    # penalty.
    inverse = (2 if classes == 2 else 1) / penalty
    model = LogisticRegression(C=inverse, tol=1e-12, max_iter=100_000).fit(train, own)
    cases.append(case | {
        "penalty": penalty, "logProbabilities": model.predict_log_proba(test).tolist()})
write("LinearProbe", "scikit-learn LogisticRegression", cases)

cases = []
for seed, classes, width, smoothing in [(7, 3, 4, 1e-9), (8, 2, 3, 0.05)]:
    train, own, test, case = data(seed, classes, width)
    model = GaussianNB(var_smoothing=smoothing).fit(train, own)
    # The authors share the variances between classes, weighted by class size.
    epsilon = smoothing * train.var(axis=0).max()
    pooled = GaussianNB(var_smoothing=smoothing).fit(train, own)
    pooled.var_ = numpy.tile(
        (pooled.class_prior_[:, None] * (pooled.var_ - epsilon)).sum(axis=0) + epsilon,
        (classes, 1))
    cases.append(case | {
        "smoothing": smoothing, "perClass": model.predict_joint_log_proba(test).tolist(),
        "pooled": pooled.predict_joint_log_proba(test).tolist()})
write("NaiveBayesProbe", "scikit-learn GaussianNB, its variances pooled for one of two", cases)

cases = []
for seed, ways, shots, queries in [(9, 3, 2, 3), (10, 4, 1, 4), (11, 2, 5, 6)]:
    rows, _ = blobs(seed, ways * (shots + queries), ways, 3, spread=1.5)
    support = [[way + ways * k for k in range(shots)] for way in range(ways)]
    asked = [[way + ways * (shots + k) for k in range(queries)] for way in range(ways)]
    truth = numpy.repeat(numpy.arange(ways), queries)
    values = {}
    for name, vectors in (("euclidean", rows), ("cosine", unit(rows))):
        known = vectors[[i for way in support for i in way]]
        classes = numpy.repeat(numpy.arange(ways), shots)
        wanted = vectors[[i for way in asked for i in way]]
        if name == "euclidean":
            found = NearestCentroid().fit(known, classes).predict(wanted)
        else:
            # NearestCentroid lacks the cosine; among unit centres the nearest has the largest one.
            centres = unit(NearestCentroid().fit(known, classes).centroids_)
            found = NearestCentroid().fit(centres, numpy.arange(ways)).predict(wanted)
        values[name] = float((found == truth).mean())
    cases.append({"embeddings": rows.tolist(), "support": support, "queries": asked} | values)
write("FewShotEpisodes", "scikit-learn NearestCentroid", cases)
