#!/usr/bin/env python3
"""Writes Tests/EvaluationTests/Goldens/Utilization.json with SciPy's squared distances."""
import json
import pathlib

import numpy
import scipy
from scipy.spatial.distance import cdist

cases = []
for seed, queries, trained, width in [(1, 5, 8, 3), (2, 1, 1, 2), (3, 8, 3, 4)]:
    generator = numpy.random.default_rng(seed)
    q, x = generator.normal(size=(queries, width)), generator.normal(size=(trained, width))
    cases.append({
        "queries": q.tolist(), "trained": x.tolist(),
        "value": cdist(q, x, "sqeuclidean").min(axis=1).mean()})
path = pathlib.Path(__file__).parents[2] / "Tests/EvaluationTests/Goldens/Utilization.json"
path.write_text(json.dumps({
    "source": "SciPy cdist", "version": scipy.__version__,
    "script": "Scripts/goldens/utilization.py", "cases": cases}) + "\n", encoding="utf-8")
