#!/usr/bin/env python3
"""Writes the goldens of the calibrations and of the metrics about decisions and probabilities:
PlattScaling.json, TemperatureScaling.json, SoftmaxTemperature.json, IsotonicCalibration.json and SCut.json of
Tests/ExtremeTests/Goldens, DecisionMetrics.json, CalibrationError.json and MultiLabelAccuracy.json
of Tests/EvaluationTests/Goldens.

scikit-learn fits the models that it has (LogisticRegression without a penalty, Platt's softened targets in
CalibratedClassifierCV's private routines, IsotonicRegression) and counts F1; scipy minimises the
objective with a prior; thresholds are found by trying all of them and computing F1 for each.
"""
import json
import pathlib

import numpy as np
import scipy
import scipy.special
import sklearn
from scipy.optimize import brentq, minimize, root
from sklearn.calibration import _sigmoid_calibration, _TemperatureScaling, calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, precision_score, recall_score

TESTS = pathlib.Path(__file__).parents[2] / "Tests"
VERSION = f"scikit-learn {sklearn.__version__}, scipy {scipy.__version__}, numpy {np.__version__}"


def write(suite, name, source, cases):
    golden = {"source": source, "version": VERSION, "script": "Scripts/goldens/calibration.py",
              "cases": cases}
    (TESTS / suite / "Goldens" / f"{name}.json").write_text(json.dumps(golden) + "\n")
    print(name, len(cases))


def sample(seed, n, scale=1.0, shift=0.0):
    rng = np.random.default_rng(seed)
    s = np.round(rng.normal(0, 2, n) * 8) / 8 * scale
    t = rng.random(n) < 1 / (1 + np.exp(-(1.3 * s / scale + shift)))
    return s, t


def by_scipy(s, target, prior=(1.0, 0.0, 0.0)):
    """The zero of the derivative of the objective; it is convex."""
    def derivative(line):
        r = scipy.special.expit(line[0] * s + line[1]) - target
        return np.array([r @ s, r.sum()]) + prior[2] * (line - np.array(prior[:2]))

    def value(line):
        z = line[0] * s + line[1]
        return np.sum(np.logaddexp(0, z) - target * z) + prior[2] / 2 * np.sum((line - np.array(prior[:2])) ** 2)

    near = minimize(value, np.array(prior[:2]), jac=derivative, method="BFGS")
    return root(derivative, near.x, tol=1e-14).x


platt = []
for seed, n, scale, shift in [(1, 200, 1, 0), (2, 400, 10, -2), (3, 60, 0.01, 1)]:
    s, t = sample(seed, n, scale, shift)
    # Scaled to unit size for the solver and back.
    fit = LogisticRegression(C=np.inf, tol=1e-12, max_iter=100000, solver="newton-cholesky")
    fit.fit((s / scale)[:, None], t)
    a, b = fit.coef_[0, 0] / scale, fit.intercept_[0]
    platt.append({"scores": s.tolist(), "outcomes": t.tolist(), "softens": False, "slope": a, "offset": b})
    n1, n0 = t.sum(), (~t).sum()
    soft = np.where(t, (n1 + 1) / (n1 + 2), 1 / (n0 + 2))
    a, b = _sigmoid_calibration(s / scale, t.astype(float))
    start = np.array([-a, -b])
    found = by_scipy(s / scale, soft)
    assert np.allclose(found, start, atol=1e-4), (found, start)
    platt.append({"scores": s.tolist(), "outcomes": t.tolist(), "softens": True,
                  "slope": found[0] / scale, "offset": found[1]})
for seed, n, prior in [(4, 3, (1.0, 0.0, 2.0)), (5, 50, (0.7, -1.0, 10.0)), (6, 300, (2.0, 0.5, 0.1)), (7, 1, (1.0, 0.0, 1.0))]:
    s, t = sample(seed, n)
    a, b = by_scipy(s, t.astype(float), prior)
    platt.append({"scores": s.tolist(), "outcomes": t.tolist(), "softens": True, "prior": prior, "slope": a, "offset": b})
# Outcomes that scores separate: only the softened targets keep the line finite.
s, t = np.arange(-4.0, 5.0), np.arange(-4.0, 5.0) > 0.5
soft = np.where(t, 5 / 6, 1 / 7)
found = by_scipy(s, soft)
platt.append({"scores": s.tolist(), "outcomes": t.tolist(), "softens": True, "slope": found[0], "offset": found[1]})
write("ExtremeTests", "PlattScaling", "scikit-learn LogisticRegression and _sigmoid_calibration; scipy BFGS", platt)

temperature = []
for seed, n, scale in [(11, 300, 1), (12, 200, 25), (13, 500, 0.05)]:
    s, t = sample(seed, n, scale, -0.5)
    fit = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-12, max_iter=100000, solver="newton-cholesky")
    fit.fit((s / scale)[:, None], t)
    temperature.append({"scores": s.tolist(), "outcomes": t.tolist(), "temperature": scale / fit.coef_[0, 0]})
write("ExtremeTests", "TemperatureScaling", "scikit-learn LogisticRegression without intercept", temperature)

softmax = []
for seed, documents, labels, prior, size in [
        (71, 80, 4, 0.0, 1.0), (72, 60, 12, 0.0, 0.1), (73, 80, 4, 1.0, 1.0), (74, 5, 3, 1.0, 20.0), (75, 40, 6, 3.0, 2.0)]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(labels, size=documents)
    s = np.round((2.5 * np.eye(labels)[truth] + rng.normal(0, 1, (documents, labels))) * 64) / 64 * size
    gap = np.mean(np.sort(s, 1)[:, -1] - np.sort(s, 1)[:, -2])
    made = np.array([gap, 0.0])

    def nll_slope(log_inverse):
        beta = np.exp(log_inverse)
        p = scipy.special.softmax(beta * s, 1)
        q = scipy.special.softmax(beta * made)
        return float(((p * s).sum(1) - s[np.arange(documents), truth]).sum() + prior * (q @ made))

    inverse = np.exp(brentq(nll_slope, -15, 15, xtol=1e-15, rtol=1e-14, maxiter=1000))
    if prior == 0:
        assert np.isclose(_TemperatureScaling().fit(s, truth).beta_, inverse, rtol=1e-4)
    softmax.append({"scores": s.tolist(), "truth": truth.tolist(), "prior": prior, "temperature": 1 / inverse,
                    "probabilities": scipy.special.softmax(inverse * s[0]).tolist()})
write("ExtremeTests", "SoftmaxTemperature", "scipy brentq on the derivative, scikit-learn _TemperatureScaling", softmax)

isotonic = []
for seed, n in [(21, 40), (22, 300), (23, 1)]:
    s, t = sample(seed, n)
    fit = IsotonicRegression(out_of_bounds="clip", y_min=0, y_max=1).fit(s, t.astype(float))
    at = np.linspace(s.min() - 1, s.max() + 1, 61)
    isotonic.append({"scores": s.tolist(), "outcomes": t.tolist(), "at": at.tolist(), "probabilities": fit.predict(at).tolist()})
write("ExtremeTests", "IsotonicCalibration", "scikit-learn IsotonicRegression", isotonic)


def pairs(seed, documents, labels, depth, empty):
    rng = np.random.default_rng(seed)
    truth = rng.random((documents, labels)) < 0.5 / np.arange(1, labels + 1) ** 0.6
    truth[empty] = False
    score = np.round((2.0 * truth + rng.normal(0, 1, truth.shape)) * 4) / 4
    ranked = np.argsort(-score, axis=1, kind="stable")[:, :depth]
    return truth, score, ranked


def f1_of(truth, given, objective):
    if objective == "example":
        return f1_score(truth, given, average="samples", zero_division=1.0)
    # Over all decisions together, even with a single label, where "micro" would count negatives.
    return f1_score(truth.ravel(), given.ravel(), zero_division=0.0)


def cut(truth, score, seen, objective):
    """The best of all thresholds half-way between occurring scores, highest first."""
    values = np.unique(score[seen])[::-1]
    cuts = [np.nextafter(values[0], np.inf), *((values[:-1] + values[1:]) / 2), values[-1]]
    best = None
    for threshold in cuts:
        f1 = f1_of(truth, seen & (score >= threshold), objective)
        if best is None or f1 > best[1] + 1e-12:
            best = (threshold, f1)
    return best


scut = []
for seed, documents, labels, depth, empty in [(31, 40, 8, 8, []), (32, 60, 15, 6, [3, 9]), (33, 25, 5, 5, [0])]:
    truth, score, ranked = pairs(seed, documents, labels, depth, empty)
    seen = np.zeros_like(truth)
    np.put_along_axis(seen, ranked, True, 1)
    found = {}
    for objective in ("micro", "example"):
        threshold, f1 = cut(truth, score, seen, objective)
        found[objective] = {"threshold": threshold, "f1": f1}
    by_label = {}
    for label in range(labels):
        if truth[:, label].sum() >= 8 and seen[:, label].any():
            by_label[str(label)] = cut(truth[:, [label]], score[:, [label]], seen[:, [label]], "micro")[0]
    scut.append({"labels": labels, "truth": [np.flatnonzero(r).tolist() for r in truth],
                 "ranked": ranked.tolist(), "scores": np.take_along_axis(score, ranked, 1).tolist(),
                 **found, "byLabel": by_label})
write("ExtremeTests", "SCut", "all thresholds, scikit-learn f1_score", scut)

decisions = []
for seed, documents, labels in [(41, 30, 6), (42, 12, 9)]:
    truth, score, _ = pairs(seed, documents, labels, labels, [2, 5])
    given = score > 1.2
    given[2] = False
    present = truth.any(0)
    decisions.append({
        "labels": labels, "truth": [np.flatnonzero(r).tolist() for r in truth],
        "decisions": [np.flatnonzero(r).tolist() for r in given],
        "microPrecision": 100 * precision_score(truth, given, average="micro"),
        "microRecall": 100 * recall_score(truth, given, average="micro"),
        "microF1": 100 * f1_score(truth, given, average="micro"),
        "macroF1": 100 * f1_score(truth[:, present], given[:, present], average="macro"),
        "exampleF1": 100 * f1_score(truth, given, average="samples", zero_division=1.0),
        "labelsPerDocument": given.sum() / documents})
write("EvaluationTests", "DecisionMetrics", "scikit-learn f1_score, precision_score, recall_score", decisions)

errors = []
for seed, n, bins in [(51, 400, 15), (52, 50, 10)]:
    rng = np.random.default_rng(seed)
    p = rng.beta(0.4, 1.2, n)
    t = rng.random(n) < p ** 1.5
    frequency, mean = calibration_curve(t, p, n_bins=bins)
    count = np.histogram(p, np.linspace(0, 1, bins + 1))[0]
    count = count[count > 0]
    q = np.clip(p, 1e-12, 1 - 1e-12)
    errors.append({"probabilities": p.tolist(), "outcomes": t.tolist(), "bins": bins,
                   "counts": count.tolist(), "means": mean.tolist(), "frequencies": frequency.tolist(),
                   "expected": float((count / n * abs(mean - frequency)).sum()),
                   "maximum": float(abs(mean - frequency).max()),
                   "brierScore": float(((p - t) ** 2).mean()),
                   "logLoss": float(-np.where(t, np.log(q), np.log1p(-q)).mean())})
write("EvaluationTests", "CalibrationError", "scikit-learn calibration_curve, numpy", errors)

reassessed = []
for seed, documents, labels, depth, largest in [(61, 60, 9, 9, 4), (62, 40, 12, 3, 10)]:
    truth, score, ranked = pairs(seed, documents, labels, depth, [1, 7])
    rng = np.random.default_rng(seed)
    sets = [set(np.flatnonzero(r).tolist()) for r in truth]
    assigned = [int(rng.choice(sorted(s))) if s else 0 for s in sets]
    rows = {}
    for own, order, one in zip(sets, ranked.tolist(), assigned):
        if own:
            hits = len(own & set(order[:len(own)]))
            rows.setdefault(min(len(own), largest), []).append(
                (order[0] == one, order[0] in own, hits / len(own), hits == len(own)))
    groups = [{"labelCount": k, "documents": len(v), **dict(zip(("top1", "real", "variable", "all"), (100 * np.mean(v, axis=0)).tolist()))}
              for k, v in sorted(rows.items())]
    every = np.array([r for v in rows.values() for r in v], dtype=float)
    reassessed.append({
        "labels": labels, "truth": [sorted(s) for s in sets], "ranked": ranked.tolist(), "assigned": assigned,
        "largest": largest, "groups": groups,
        "whole": {"labelCount": 1, "documents": len(every), **dict(zip(("top1", "real", "variable", "all"), (100 * every.mean(0)).tolist()))},
        "asma": float(np.mean([g["variable"] for g in groups]))})
write("EvaluationTests", "MultiLabelAccuracy", "sets in Python, the definition of ReaL as its authors have it", reassessed)
