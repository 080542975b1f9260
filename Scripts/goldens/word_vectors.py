#!/usr/bin/env python3
"""Writes Tests/ModelsTests/Goldens/WordVectors.json: word vectors from those of pieces, by scikit-learn.

Vectors of pieces are reduced by `sklearn.decomposition.PCA`, averaged over the pieces of each word and
scaled to a root mean square length of 1. An axis has the sign that makes its largest component positive.
"""
import json
import pathlib

import numpy
import sklearn
from sklearn.decomposition import PCA

random = numpy.random.default_rng(5)
cases = []
for pieces, width, dimension in [(7, 4, 2), (6, 3, 3), (5, 3, 5)]:
    # Float32, as an encoder gives them.
    outputs = random.normal(size=(pieces, width)) * numpy.arange(1, width + 1) ** 2 + 3
    outputs = outputs.astype(numpy.float32).astype(numpy.float64)
    words = [[0], [1, 2], [3, 3, 4], [pieces - 1, 0]]
    axes = PCA(n_components=min(dimension, width), svd_solver="full").fit(outputs)
    signs = numpy.sign(axes.components_[numpy.arange(len(axes.components_)), numpy.abs(axes.components_).argmax(1)])
    reduced = axes.transform(outputs) * signs
    reduced = numpy.pad(reduced, ((0, 0), (0, dimension - reduced.shape[1])))
    # The pieces of no word do not take part in the result, but in the axes.
    means = numpy.array([reduced[word].mean(0) for word in words])
    means /= numpy.sqrt((means ** 2).sum(1).mean())
    cases.append({
        "words": words, "dimension": dimension,
        "outputs": {"shape": list(outputs.shape), "values": outputs.ravel().tolist()},
        "vectors": {"shape": list(means.shape), "values": means.ravel().tolist()}})
target = pathlib.Path(__file__).parents[2] / "Tests/ModelsTests/Goldens/WordVectors.json"
target.write_text(json.dumps({
    "source": "scikit-learn, PCA", "version": sklearn.__version__, "script": "Scripts/goldens/word_vectors.py",
    "cases": cases}, separators=(",", ":")) + "\n", encoding="utf-8")
