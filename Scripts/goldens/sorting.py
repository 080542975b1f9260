#!/usr/bin/env python3
"""Writes the goldens of SortingNetwork and GroCoLoss.

The networks are those of the authors' package diffsort. GroCo's steps are those of the authors' code
(github.com/ninatu/learning_by_sorting), on diffsort and PyTorch's binary cross-entropy.
"""
from importlib.metadata import version

import diffsort
import torch
from torch.nn import functional

from class_loss_cases import case, matrix, write

torch.set_default_dtype(torch.float64)


def network(kind, size, distribution, steepness):
    return diffsort.DiffSortNet(kind, size, steepness=steepness, distribution=distribution)


def sorting_cases():
    for seed, kind, relaxation, size, steepness in [
            (1, "odd_even", "cauchy", 4, 1), (2, "odd_even", "cauchy", 5, 10),
            (3, "bitonic", "cauchy", 4, 10), (4, "bitonic", "logistic", 8, 3),
            (5, "bitonic", "cauchy", 5, 2), (6, "odd_even", "logistic", 3, 5),
            (7, "bitonic", "cauchy", 7, 1), (8, "odd_even", "cauchy", 1, 1)]:
        weights = torch.cos(torch.arange(2.0 * size * size)).reshape(2, size, size)

        def value(values):
            ordered, permutation = network(kind, size, relaxation, steepness)(values)
            # Weighted, so that value and gradient depend on every element.
            return (ordered * weights[:, 0]).sum() + (permutation * weights).sum()

        yield case(
            value, {"values": matrix(seed, 2, size)}, None, {"steepness": steepness},
            f"{'oddEven' if kind == 'odd_even' else kind} {relaxation}")


def groco(views, negatives, steepness):
    sorter = network("odd_even", negatives + len(views) - 1, "cauchy", steepness)
    total = 0
    for place, anchors in enumerate(views):
        near = torch.stack(
            [functional.cosine_similarity(anchors, other.detach())
             for index, other in enumerate(views) if index != place], dim=1)
        unit = functional.normalize(anchors)
        far = (unit @ unit.detach().T).masked_fill(
            torch.eye(len(unit), dtype=bool), -float("inf"))
        rising = torch.cat(
            [far.topk(negatives, dim=1).values.flip(1), near.sort(dim=1).values], dim=1)
        _, permutation = sorter(rising)
        share = permutation[:, :, negatives:].sum(dim=2).clip(0, 1)
        target = torch.zeros_like(share)
        target[:, negatives:] = 1
        total = total + functional.binary_cross_entropy(share, target)
    return total / len(views)


def groco_cases():
    for seed, count, negatives, steepness, rows in [
            (1, 2, 3, 1, 5), (2, 3, 2, 5, 4), (3, 4, 1, 1, 3), (4, 2, 4, 20, 5)]:
        yield case(
            lambda **views: groco(list(views.values()), negatives, steepness),
            {f"view{place}": matrix(10 * seed + place, rows, 3) for place in range(count)}, None,
            {"negatives": negatives, "steepness": steepness}, "oddEven cauchy")


SOURCE = "diffsort"
write("SortingNetwork", SOURCE, version("diffsort"), "sorting.py", list(sorting_cases()))
write("GroCoLoss", "the authors' steps on diffsort", version("diffsort"), "sorting.py",
      list(groco_cases()))
