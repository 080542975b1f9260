#!/usr/bin/env python3
"""Writes the goldens of Sources/Learning/Extreme/Negatives and of HardNegativeMixing, one file per method.

Plain float64 code: scores as whole matrices, sorting instead of selecting, lists instead of
tensors. Random choices use SplitMix64 and shuffle as Swift's standard library does.
"""
import json
import math
import pathlib

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
TESTS = pathlib.Path(__file__).parents[2] / "Tests"
MASK = (1 << 64) - 1


class SplitMix64:
    def __init__(self, *names):
        self.state = 0
        for name in names:
            self.state ^= name
            self.state = self.next()

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, bound):
        while True:
            product = self.next() * bound
            if (product & MASK) >= (1 << 64) % bound:
                return product >> 64

    def shuffled(self, values):
        values = list(values)
        for place in range(len(values) - 1):
            other = place + self.below(len(values) - place)
            values[place], values[other] = values[other], values[place]
        return values


def write(name, source, cases, tests="ExtremeTests"):
    head = json.dumps({
        "source": source, "version": np.__version__, "script": "Scripts/goldens/negatives.py"})
    lines = ",\n".join(json.dumps(case) for case in cases)
    (TESTS / tests / f"Goldens/{name}.json").write_text(f'{head[:-1]}, "cases": [\n{lines}\n]}}\n')


def label_pool():
    cases = []
    for seed, rows, labels in [(1, 4, 30), (2, 7, 50), (3, 3, 8)]:
        rng = np.random.default_rng(seed)
        positives = [rng.choice(labels, rng.integers(0, 4), replace=False).tolist() for _ in range(rows)]
        hard = [[int(j) for j in rng.permutation(labels) if j not in own][:3] for own in positives]
        wanted = sorted(set(sum(positives, [])) | set(sum(hard, [])))
        cases.append({
            "labelCount": labels, "positives": positives, "hard": hard, "labels": wanted,
            "remapped": [[wanted.index(j) for j in own] for own in positives],
            "positiveCount": len(set(sum(positives, []))),
            "hardCount": len(set(sum(hard, [])) - set(sum(positives, [])))})
    write("LabelPool", "sets and list.index", cases)


def false_negative_filter():
    cases = []
    for seed, rows, k, margin, share, anchor in [
            (1, 6, 3, 0.1, 1.0, "highest"), (2, 8, 2, -0.05, 1.0, "highest"),
            (3, 7, 4, 0.0, 0.95, "highest"), (4, 6, 3, 0.1, 1.0, "lowest")]:
        rng = np.random.default_rng(seed)
        x, y = (rng.normal(size=(rows, 3)) for _ in range(2))
        x, y = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (x, 0.7 * x + y))
        scores = torch.tensor(x @ y.T)
        # One positive per query as in UniME, except in the last case.
        positives = [[i] if anchor == "highest" else sorted({i, (i + 1) % rows}) for i in range(rows)]
        kept, removed, losses = [], 0, []
        for i, own in enumerate(positives):
            s = scores[i]
            pick = max if anchor == "highest" else min
            line = share * pick(s[j].item() for j in own) + margin
            left = sorted((j for j in range(rows) if j not in own and s[j] <= line),
                          key=lambda j: -s[j].item())
            removed += sum(1 for j in range(rows) if j not in own and s[j] > line)
            kept.append(left[:k])
            logits = torch.stack([s[own[0]]] + [s[j] for j in left[:k]]) / 0.02
            losses.append(torch.logsumexp(logits, 0) - logits[0])
        cases.append({
            "k": k, "margin": margin, "share": share, "anchor": anchor,
            "scores": scores.tolist(), "positives": positives, "kept": kept, "removed": removed,
            "loss": torch.stack(losses).mean().item()})
    write("FalseNegativeFilter", "the condition row by row, and UniME's loss at 0.02", cases)


def hard_negative_mixing():
    cases = []
    for seed, rows, labels, width, hardest, s, s2 in [
            (1, 3, 8, 4, 4, 3, 2), (2, 2, 5, 3, 3, 1, 0), (3, 2, 6, 3, 2, 0, 3)]:
        rng = np.random.default_rng(seed)
        q = torch.tensor(rng.normal(size=(rows, width)))
        n = torch.tensor(rng.normal(size=(labels, width)))
        q, n = (v / v.norm(dim=1, keepdim=True) for v in (q, n))
        q.requires_grad_(), n.requires_grad_()
        pairs = [[rng.permutation(hardest)[:2].tolist() for _ in range(s)] for _ in range(rows)]
        alpha = rng.uniform(0, 1, (rows, s)).tolist()
        partners = rng.integers(0, hardest, (rows, s2)).tolist()
        beta = rng.uniform(0, 0.5, (rows, s2)).tolist()
        positives = [[i] for i in range(rows)]
        total, mixed = 0, []
        for i in range(rows):
            real = [j for j in range(labels) if j not in positives[i]]
            with torch.no_grad():
                ranked = sorted(real, key=lambda j: -(q[i] @ n[j]).item())[:hardest]
                made = []
                for (a, b), share in zip(pairs[i], alpha[i]):
                    made.append(share * n[ranked[a]] + (1 - share) * n[ranked[b]])
                for a, share in zip(partners[i], beta[i]):
                    made.append(share * q[i] + (1 - share) * n[ranked[a]])
                made = torch.stack([v / v.norm() for v in made])
            logits = torch.cat([q[i] @ n[positives[i]].T, n[real] @ q[i], made @ q[i]]) / 0.2
            total = total + torch.logsumexp(logits, 0) - logits[0]
            mixed.append(made.tolist())
        loss = total / rows
        loss.backward()
        cases.append({
            "hardest": hardest, "mixtures": s, "queryMixtures": s2, "queries": q.tolist(),
            "negatives": n.tolist(), "positives": positives, "pairs": pairs, "pairShares": alpha,
            "partners": partners, "queryShares": beta, "made": mixed, "temperature": 0.2,
            "loss": loss.item(), "ofQueries": q.grad.tolist(), "ofNegatives": n.grad.tolist()})
    write(
        "HardNegativeMixing", "the equations query by query, differentiated by PyTorch", cases,
        tests="ContrastiveTests")


def searched(x, y, bias, positives, count, filtered, allowed=None):
    scores = x @ y.T + bias
    lists, values = [], []
    for i, own in enumerate(positives):
        line = math.inf
        if filtered is not None and own:
            line = max(scores[i, j] for j in own) + filtered
        left = [j for j in range(len(y)) if j not in own and scores[i, j] <= line
                and (allowed is None or j in allowed[i])]
        left = sorted(left, key=lambda j: -scores[i, j])[:count]
        lists.append(left)
        values.append([scores[i, j] for j in left])
    return lists, values


def halved(unit, group):
    if len(group) == 1:
        return [group]
    points = unit[group]
    first = points[np.argmin(points @ points.sum(0))]
    second = points[np.argmin(points @ first)]
    axis, before = first - second, None
    for _ in range(20):
        order = np.argsort(-(points @ axis), kind="stable")
        cut = (len(group) + 1) // 2
        left, right = np.sort(order[:cut]), np.sort(order[cut:])
        if before is not None and np.array_equal(before, left):
            break
        before = left
        means = [points[side].sum(0) for side in (left, right)]
        axis = means[0] / np.linalg.norm(means[0]) - means[1] / np.linalg.norm(means[1])
    return [[group[k] for k in left], [group[k] for k in right]]


def clustered(points, size):
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    groups = [list(range(len(points)))]
    while max(map(len, groups)) > size:
        groups = [half for group in groups for half in halved(unit, group)]
    return groups


def searches():
    exact, probed = [], []
    for seed, rows, labels, width, count, filtered, size, probes in [
            (1, 5, 12, 3, 4, None, 3, 2), (2, 6, 20, 4, 3, 0.2, 4, 1), (3, 4, 6, 2, 10, -0.5, 2, 3)]:
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(rows, width)), rng.normal(size=(labels, width))
        bias = rng.normal(size=labels)
        positives = [rng.choice(labels, k % 3, replace=False).tolist() for k in range(rows)]
        lists, values = searched(x, y, bias, positives, count, filtered)
        case = {"count": count, "margin": filtered, "queries": x.tolist(), "labels": y.tolist(),
                "bias": bias.tolist(), "positives": positives}
        exact.append(case | {"lists": lists, "scores": values})
        whole = np.concatenate([y, bias[:, None]], 1)
        squares = (whole ** 2).sum(1)
        groups = clustered(np.concatenate([whole, np.sqrt(squares.max() - squares)[:, None]], 1), size)
        asked = np.concatenate([x, np.ones((rows, 1))], 1)
        means = np.stack([whole[group].mean(0) for group in groups])
        looked = [np.argsort(-(means @ query))[:probes] for query in asked]
        allowed = [{j for c in own for j in groups[c]} for own in looked]
        lists, values = searched(x, y, bias, positives, count, filtered, allowed)
        probed.append(case | {"size": size, "probes": probes, "lists": lists, "scores": values})
    write("HardNegativeSearch", "whole matrices and sorting", exact)
    write("ClusterIndex", "whole matrices, sorting, and separate clusters", probed)


def balanced_clusters():
    cases = []
    for seed, count, width, size in [(1, 17, 3, 4), (2, 40, 5, 3), (3, 6, 2, 6), (4, 24, 4, 3)]:
        points = np.random.default_rng(seed).normal(size=(count, width))
        cases.append({"points": points.tolist(), "size": size, "leaves": clustered(points, size)})
    write("BalancedClusters", "NumPy, group by group", cases)


def batches():
    cases = []
    for seed, count, size, leaf, doubling in [(1, 37, 8, 2, 1), (2, 64, 16, 1, 2), (3, 5, 8, 4, None)]:
        mixed = np.random.default_rng(seed).permutation(count).tolist()
        leaves = [mixed[k:k + leaf] for k in range(0, count, leaf)]
        epochs = []
        for epoch in range(6):
            joined = min(2 ** (epoch // doubling if doubling else 0), size // leaf)
            clusters = [sum(leaves[k:k + joined], []) for k in range(0, len(leaves), joined)]
            epochs.append({"joined": joined,
                           "order": sum(SplitMix64(seed, epoch).shuffled(clusters), [])})
        cases.append({"seed": seed, "batchSize": size, "doubling": doubling, "leaves": leaves,
                      "leafSize": leaf, "epochs": epochs})
    write("ClusteredBatches", "lists", cases)

    cases = []
    for seed, count, size, k, reach in [(1, 30, 8, 4, 8), (2, 50, 16, 64, 128), (3, 21, 5, 2, 1)]:
        points = np.random.default_rng(seed).normal(size=(count, 3))
        scores = points @ points.T
        lists = [[int(j) for j in np.argsort(-scores[i]) if j != i] for i in range(count)]
        chance = SplitMix64(seed)
        waiting, done, order = chance.shuffled(range(count)), set(), []
        while waiting:
            batch = []
            while waiting and len(batch) < size:
                example = waiting.pop(0)
                if example in done:
                    continue
                batch.append(example)
                done.add(example)
                if len(batch) == size:
                    break
                near = lists[example][:reach]
                for other in near[:k // 2] + chance.shuffled(near[k // 2:])[:k // 2]:
                    if len(batch) < size and other not in done:
                        batch.append(other)
                        done.add(other)
            order += batch
        cases.append({"seed": seed, "batchSize": size, "neighbours": k, "range": reach,
                      "lists": lists, "order": order})
    write("SimilarityBatches", "queues and sets, batch by batch", cases)


label_pool()
false_negative_filter()
hard_negative_mixing()
searches()
balanced_clusters()
batches()
