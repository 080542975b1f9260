#!/usr/bin/env python3
"""Writes EmbeddingRetrieval.json (pytorch-metric-learning's AccuracyCalculator),
IdentityRetrieval.json (torchreid's evaluation, or a loop where it is not installed) and
EffectiveRank.json (NumPy's singular values)."""
import json
import pathlib

import numpy
import pytorch_metric_learning
import torch
from pytorch_metric_learning.distances import CosineSimilarity, LpDistance
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from pytorch_metric_learning.utils.inference import CustomKNN

GOLDENS = pathlib.Path(__file__).resolve().parents[2] / "Tests/EvaluationTests/Goldens"


def write(name, source, version, cases):
    (GOLDENS / f"{name}.json").write_text(json.dumps({
        "source": source, "version": version, "script": "Scripts/goldens/embedding_retrieval.py",
        "cases": cases}) + "\n")


cases = []
for seed, similarity, classes, counts in [
        (1, "cosine", 3, (12, 0)), (2, "euclidean", 4, (14, 0)), (3, "cosine", 3, (6, 13)),
        (4, "euclidean", 2, (5, 9))]:
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(classes, 3, generator=generator, dtype=torch.float64)

    def draw(count):
        own = torch.arange(count) % classes
        noise = torch.randn(count, 3, generator=generator, dtype=torch.float64)
        return centres[own] + noise, own

    queries, own = draw(counts[0])
    references, others = draw(counts[1]) if counts[1] else (queries, own)
    distance = CosineSimilarity() if similarity == "cosine" else LpDistance(
        normalize_embeddings=False)

    def calculate(k):
        return AccuracyCalculator(
            include=("precision_at_1", "r_precision", "mean_average_precision_at_r",
                     "mean_average_precision"),
            k=k, knn_func=CustomKNN(distance)).get_accuracy(
            queries, own, references, others, ref_includes_query=not counts[1])

    # max_bin_count is the number of rows of the largest class.
    values = calculate("max_bin_count")
    total = len(references) - (0 if counts[1] else 1)
    cases.append({
        "similarity": similarity, "queries": queries.tolist(), "classes": own.tolist(),
        "references": references.tolist() if counts[1] else [],
        "referenceClasses": others.tolist() if counts[1] else [],
        "precisionAt1": float(values["precision_at_1"]),
        "rPrecision": float(values["r_precision"]),
        "meanAveragePrecisionAtR": float(values["mean_average_precision_at_r"]),
        "meanAveragePrecision": float(calculate(total)["mean_average_precision"])})
write("EmbeddingRetrieval", "pytorch-metric-learning AccuracyCalculator",
      pytorch_metric_learning.__version__, cases)


def loop(scores, people, cameras, others, other_cameras, depth):
    """CMC and mAP of a similarity matrix, straight from the definition."""
    found, average, used = numpy.zeros(depth), 0.0, 0
    for q, row in enumerate(scores):
        left = [g for g in range(len(others))
                if not (others[g] == people[q] and other_cameras[g] == cameras[q])]
        ranking = sorted(left, key=lambda g: (-row[g], g))
        ranks = [r + 1 for r, g in enumerate(ranking) if others[g] == people[q]]
        if not ranks:
            continue
        used += 1
        found[ranks[0] - 1:] += 1
        average += sum((i + 1) / r for i, r in enumerate(ranks)) / len(ranks)
    return (found / used).tolist(), average / used, used


cases = []
random = numpy.random.default_rng(5)
for people, cameras, counts in [(4, 3, (9, 20)), (3, 2, (6, 16))]:
    centres = random.normal(size=(people, 4))

    def pictures(count):
        own = random.integers(people, size=count)
        return (centres[own] + 1.2 * random.normal(size=(count, 4)), own,
                random.integers(cameras, size=count))

    queries, own, seen = pictures(counts[0])
    gallery, others, shot = pictures(counts[1])
    # One query whose identity the gallery lacks.
    own[-1] = people
    unit = [rows / numpy.linalg.norm(rows, axis=1, keepdims=True) for rows in (queries, gallery)]
    cosines = unit[0] @ unit[1].T
    cumulative, average, used = loop(cosines, own, seen, others, shot, 5)
    try:
        from torchreid.reid.metrics.rank import eval_market1501
    except ImportError:
        pass
    else:
        theirs, their_average = eval_market1501(-cosines, own, others, seen, shot, 5)
        assert numpy.allclose(theirs, cumulative, atol=1e-6) and abs(their_average - average) < 1e-9
    cases.append({
        "queries": queries.tolist(), "identities": own.tolist(), "cameras": seen.tolist(),
        "gallery": gallery.tolist(), "galleryIdentities": others.tolist(),
        "galleryCameras": shot.tolist(), "cumulativeMatches": cumulative,
        "meanAveragePrecision": average, "used": used})
write("IdentityRetrieval", "a loop over the definition, equal to torchreid's eval_market1501",
      numpy.__version__, cases)

cases = []
for rows, width, rank in [(6, 4, 4), (8, 3, 2), (3, 5, 3)]:
    vectors = random.normal(size=(rows, rank)) @ random.normal(size=(rank, width))
    sizes = numpy.linalg.svd(vectors, compute_uv=False)
    shares = sizes / sizes.sum()
    shares = shares[shares > 0]
    cases.append({
        "vectors": vectors.tolist(), "value": float(numpy.exp(-(shares * numpy.log(shares)).sum()))})
write("EffectiveRank", "NumPy's singular values in the definition", numpy.__version__, cases)
