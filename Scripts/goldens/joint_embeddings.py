#!/usr/bin/env python3
"""Writes the goldens of BarlowTwinsLoss, VICRegLoss, SimSiamLoss and BYOLLoss.

lightly's losses; SimSiam and BYOL are its negative cosine similarity of predictions and detached
projections, of which BYOL's is 4 + 2 times the sum of both directions.
"""
import lightly
import torch
from lightly.loss import BarlowTwinsLoss, NegativeCosineSimilarity, VICRegLoss

from class_loss_cases import case, matrix, write

torch.set_default_dtype(torch.float64)


def write_ours(name, cases):
    write(name, "lightly", lightly.__version__, "joint_embeddings.py", cases)


def views(seed, rows, width):
    return {"first": matrix(seed, rows, width), "second": matrix(seed + 10, rows, width)}


write_ours("BarlowTwinsLoss", [
    case(lambda first, second: BarlowTwinsLoss(lambda_param=weight)(first, second),
         views(seed, rows, width), None, {"weight": weight, "epsilon": 1e-5})
    for seed, rows, width, weight in [
        (1, 5, 3, 0.0051), (2, 3, 6, 0.5), (3, 8, 2, 1.0), (4, 2, 2, 0.1)]])

write_ours("VICRegLoss", [
    case(lambda first, second: VICRegLoss(invariance, variance, covariance, eps=epsilon)(
        first, second),
        {name: scale * view for name, view in views(seed, rows, width).items()}, None,
        {"invariance": invariance, "variance": variance, "covariance": covariance,
         "epsilon": epsilon, "deviation": 1})
    for seed, rows, width, scale, invariance, variance, covariance, epsilon in [
        (1, 5, 3, 1.0, 25, 25, 1, 1e-4), (2, 3, 6, 0.3, 25, 25, 1, 1e-4),
        (3, 8, 2, 0.5, 1, 10, 5, 1e-2), (4, 2, 2, 2.0, 0, 1, 1, 1e-4)]])

cosine = NegativeCosineSimilarity()


def both(p1, p2, z1, z2):
    return cosine(p1, z2.detach()) + cosine(p2, z1.detach())


for name, scaled in [("SimSiamLoss", lambda value: value / 2),
                     ("BYOLLoss", lambda value: 4 + 2 * value)]:
    write_ours(name, [
        case(lambda **given: scaled(both(**given)),
             {key: matrix(10 * seed + place, rows, width)
              for place, key in enumerate(["p1", "p2", "z1", "z2"])})
        for seed, rows, width in [(1, 5, 3), (2, 2, 4)]])
