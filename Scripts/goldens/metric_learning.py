#!/usr/bin/env python3
"""Writes the goldens of the losses that pytorch-metric-learning has: TripletLoss,
MultiSimilarityLoss, ProxyAnchorLoss, ArcFaceLoss and NormalizedSoftmaxLoss.

Where definitions differ, its options are set to ours: triplets of embeddings as they are; `hard`
averaged over all anchors.
"""
import math

import pytorch_metric_learning
import torch
from pytorch_metric_learning import losses, miners, reducers
from pytorch_metric_learning.distances import CosineSimilarity, LpDistance

from class_loss_cases import case, matrix, write

torch.set_default_dtype(torch.float64)
VERSION = pytorch_metric_learning.__version__


def write_ours(name, cases):
    write(name, "pytorch-metric-learning", VERSION, "metric_learning.py", cases)


def triplets():
    made = []
    for seed, kind, margin in [
            (1, "all", 0.2), (2, "all", 1.0), (3, "semiHard", 0.7), (4, "semiHard", 1.5),
            (5, "hard", 0.2), (6, "hard", 1.0), (7, "all", 0.05)]:
        classes = [0, 1, 0, 2, 1, 0, 3]
        distance = LpDistance(normalize_embeddings=False)
        miner = {
            "all": None, "hard": miners.BatchHardMiner(distance=distance),
            "semiHard": miners.TripletMarginMiner(
                margin=margin, type_of_triplets="semihard", distance=distance)}[kind]
        reducer = reducers.MeanReducer() if kind == "hard" else reducers.AvgNonZeroReducer()
        loss = losses.TripletMarginLoss(margin=margin, distance=distance, reducer=reducer)
        labels = torch.tensor(classes)

        def value(embeddings):
            mined = miner(embeddings, labels) if miner else None
            return loss(embeddings, labels, mined)

        made.append(case(
            value, {"embeddings": matrix(seed, 7, 3)}, classes, {"margin": margin}, kind))
    write_ours("TripletLoss", made)


def multi_similarity():
    made = []
    for seed, alpha, beta, base, epsilon in [
            (1, 2, 50, 0.5, 0.1), (2, 2, 50, 0.5, None), (3, 1, 10, 0.2, 0.3), (4, 5, 5, 0.0, 0.0),
            (5, 2, 40, 0.9, 0.1)]:
        classes = [0, 1, 0, 2, 1, 0, 3]
        labels = torch.tensor(classes)
        loss = losses.MultiSimilarityLoss(alpha=alpha, beta=beta, base=base)
        miner = None if epsilon is None else miners.MultiSimilarityMiner(epsilon=epsilon)

        def value(embeddings):
            return loss(embeddings, labels, miner(embeddings, labels) if miner else None)

        options = {"alpha": alpha, "beta": beta, "base": base}
        if epsilon is not None:
            options["epsilon"] = epsilon
        made.append(case(value, {"embeddings": matrix(seed, 7, 3)}, classes, options))
    write_ours("MultiSimilarityLoss", made)


def with_weights(loss, name, embeddings, weights, labels):
    """The loss with its learned matrix replaced, so that gradients reach the given one."""
    del loss._parameters[name]
    setattr(loss, name, weights)
    loss.cast_types = lambda *_: None
    return loss(embeddings, labels)


def proxies():
    made = []
    for seed, margin, alpha, classes in [
            (1, 0.1, 32, [0, 1, 0, 3, 1]), (2, 0.0, 1, [0, 0, 0, 0]), (3, 0.5, 8, [2, 1, 0, 3, 3])]:
        made.append(case(
            lambda embeddings, proxies: with_weights(
                losses.ProxyAnchorLoss(4, 3, margin=margin, alpha=alpha), "proxies", embeddings,
                proxies, torch.tensor(classes)),
            {"embeddings": matrix(seed, len(classes), 3), "proxies": matrix(seed + 10, 4, 3)},
            classes, {"margin": margin, "alpha": alpha}))
    write_ours("ProxyAnchorLoss", made)


def arc_face():
    made = []
    # The weights of classes 0 and 1 are nearly opposite to embeddings 0 and 1: θ > π − m.
    for seed, margin, scale in [(1, 0.5, 64), (2, 0.0, 1), (3, 1.2, 8), (4, 0.3, 30)]:
        classes = [0, 1, 2, 3, 1]
        x = matrix(seed, 5, 3)
        w = matrix(seed + 10, 4, 3)
        w[0] = -2 * x[0] + 0.1 * w[0]
        w[1] = -x[1] + 0.2 * w[1]
        made.append(case(
            lambda embeddings, weights: with_weights(
                losses.ArcFaceLoss(4, 3, margin=math.degrees(margin), scale=scale), "W",
                embeddings, weights.T, torch.tensor(classes)),
            {"embeddings": x, "weights": w}, classes, {"margin": margin, "scale": scale}))
    write_ours("ArcFaceLoss", made)


def normalized_softmax():
    made = []
    for seed, temperature, classes in [
            (1, 0.05, [0, 1, 0, 3, 1]), (2, 1.0, [2, 2]), (3, 0.3, [2, 1, 0, 3, 3])]:
        made.append(case(
            lambda embeddings, weights: with_weights(
                losses.NormalizedSoftmaxLoss(
                    4, 3, temperature=temperature, distance=CosineSimilarity()), "W", embeddings,
                weights.T, torch.tensor(classes)),
            {"embeddings": matrix(seed, len(classes), 3), "weights": matrix(seed + 10, 4, 3)},
            classes, {"temperature": temperature}))
    write_ours("NormalizedSoftmaxLoss", made)


triplets()
multi_similarity()
proxies()
arc_face()
normalized_softmax()
