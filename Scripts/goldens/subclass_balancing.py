#!/usr/bin/env python3
"""Writes the goldens of SBCLLoss and SubclassClusters.

The loss with a mask for each pair in PyTorch; the clusters by loops in numpy.
"""
import numpy
import torch
from pair_loss_cases import case, rows, unit, write


def loss(first, second, classes, subclasses, temperature, classWeight, classTemperatures=None):
    z = unit(torch.cat([first, second]))
    total, count = len(z), len(first)
    own = torch.eye(total, dtype=torch.bool)
    partner = own.roll(count, 1)
    classes = torch.tensor(classes * 2)
    subclasses = torch.tensor(subclasses * 2)
    of_class = (classes[:, None] == classes) & ~own
    of_subclass = of_class & (subclasses[:, None] == subclasses)
    cosines = z @ z.T

    def entropies(scores, positives, candidates):
        shares = scores.masked_fill(~candidates, -torch.inf).log_softmax(1)
        return -shares.masked_fill(~positives, 0).sum(1) / positives.sum(1)

    scales = torch.full((count,), temperature)
    if classTemperatures is not None:
        scales = torch.tensor(classTemperatures)
    within = entropies(cosines / temperature, of_subclass, ~own)
    among = entropies(
        cosines / scales.repeat(2)[:, None], (of_class & ~of_subclass) | partner,
        (~of_subclass & ~own) | partner)
    return (within + classWeight * among).mean()


write("SBCLLoss", "subclass_balancing.py", "the authors' formula in PyTorch", [
    case(loss, options, rows(s, len(options["classes"]), 3), rows(s + 10, len(options["classes"]), 3))
    for s, options in [
        (1, {"classes": [0, 0, 0, 0, 1, 2], "subclasses": [0, 1, 0, 1, 0, 0],
             "temperature": 0.1, "classWeight": 0.25}),
        (2, {"classes": [5, 5, 5], "subclasses": [2, 2, 2], "temperature": 0.5,
             "classWeight": 1.0}),
        (3, {"classes": [0, 0, 1, 1], "subclasses": [0, 1, 1, 0], "temperature": 0.3,
             "classWeight": 0.5, "classTemperatures": [0.2, 0.2, 0.4, 0.4]})]])


def clusters(points, starts, iterations):
    points = points / numpy.linalg.norm(points, axis=1, keepdims=True)
    centres, assignment = points[starts], None
    for _ in range(iterations):
        similarities = (centres / numpy.linalg.norm(centres, axis=1, keepdims=True)) @ points.T
        pairs = sorted(
            numpy.ndindex(*similarities.shape), key=lambda pair: -similarities[pair])
        found, sizes = {}, [0] * len(starts)
        for limit in [len(points) // len(starts), len(points) // len(starts) + 1]:
            for cluster, point in pairs:
                if point not in found and sizes[cluster] < limit:
                    found[point] = cluster
                    sizes[cluster] += 1
        found = [found[point] for point in range(len(points))]
        if found == assignment:
            break
        assignment = found
        centres = numpy.stack([
            points[[a == c for a in assignment]].mean(0) for c in range(len(starts))])
    return assignment


def temperatures(x, classes, subclasses, around):
    z = unit(x).numpy()
    names = list(dict.fromkeys(classes))
    spread = []
    for name in names:
        points = z[[c == name for c in classes]]
        spread.append(numpy.linalg.norm(points - points.mean(0), axis=1).mean()
                      / numpy.log(len(points) + 10))
    spread = numpy.clip(spread, numpy.percentile(spread, 20), numpy.percentile(spread, 80))
    scaled = around * spread / spread.mean()
    several = [len({s for s, c in zip(subclasses, classes) if c == name}) > 1 for name in names]
    return [scaled[names.index(c)] if several[names.index(c)] else around for c in classes]


cases = []
for seed, count, starts, iterations in [
        (1, 7, [0, 3], 1), (2, 12, [0, 1, 2], 50), (3, 6, [5, 4, 3], 50), (4, 11, [2, 7, 9, 0], 50)]:
    x = rows(seed, count, 3)
    classes = [[4, 4, 9, 4, 9, 0][i % 6] for i in range(count)]
    subclasses = [i // 6 if classes[i] != 0 else 0 for i in range(count)]
    cases.append({
        "embeddings": x.tolist(), "starts": starts, "iterations": iterations,
        "assignment": clusters(x.numpy(), starts, iterations), "classes": classes,
        "subclasses": subclasses, "around": 0.1,
        "temperatures": temperatures(x, classes, subclasses, 0.1)})
write("SubclassClusters", "subclass_balancing.py", "loops in numpy", cases)
