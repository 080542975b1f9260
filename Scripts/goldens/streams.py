#!/usr/bin/env python3
"""Writes the goldens of Sources/Learning/Streams, and of PrequentialMetrics in Sources/Evaluation.

    python3 Scripts/goldens/streams.py        needs river and scikit-learn

ADWINDetector: river's own. PrequentialMetrics: scikit-learn's scores, faded ones from weighted
rows. The others: a second implementation of their definitions, which keeps all rows and
recomputes every count when it is needed.
"""
import itertools
import json
import math
import pathlib
import random

import numpy
import river
import sklearn
from river._river_rust.drift import AdaptiveWindowing
from sklearn.metrics import f1_score

TESTS = pathlib.Path(__file__).resolve().parents[2] / "Tests"


def write(name, source, version, cases, tests="StreamsTests"):
    golden = {
        "source": source, "version": version, "script": "Scripts/goldens/streams.py",
        "cases": cases}
    (TESTS / tests / f"Goldens/{name}.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


def adwin():
    cases = []
    for clock, confidence in ((1, 0.002), (32, 0.002), (8, 0.05)):
        generator = random.Random(clock)
        stream = [float(generator.random() < 0.2) for _ in range(300)]
        stream += [float(generator.random() < 0.7) for _ in range(300)]
        stream += [round(generator.gauss(0.3, 0.1), 3) for _ in range(200)]
        detector = AdaptiveWindowing(
            delta=confidence, clock=clock, max_buckets=5, min_window_length=5, grace_period=10)
        alarms, widths, means, variances = [], [], [], []
        for index, value in enumerate(stream):
            if detector.update(value):
                alarms.append(index)
            if index % 20 == 0:
                width = detector.get_width()
                widths.append(int(width))
                means.append(detector.get_total() / width)
                # River sums the squared differences, and divides only when it compares.
                variances.append(detector.get_variance() / width)
        cases.append({
            "clock": clock, "confidence": confidence, "stream": stream, "alarms": alarms,
            "widths": widths, "means": means, "variances": variances})
    write("ADWINDetector", "river drift.ADWIN", river.__version__, cases)


def metrics():
    cases = []
    for labels, rows, fading in ((4, 12, 0.9), (6, 40, 0.97), (3, 5, 1.0)):
        generator = random.Random(labels)
        truth = [[int(generator.random() < 0.35) for _ in range(labels)] for _ in range(rows)]
        guess = [
            [value if generator.random() < 0.7 else 1 - value for value in row] for row in truth]
        truth[2] = guess[2] = [0] * labels
        def values(weights):
            y, z, w = numpy.array(truth), numpy.array(guess), numpy.array(weights)
            seen = [l for l in range(labels) if y[:, l].any() or z[:, l].any()]
            per_label = f1_score(
                y, z, average=None, sample_weight=w, zero_division=0)
            return {
                "microF1": float(f1_score(y, z, average="micro", sample_weight=w)),
                "macroF1": float(numpy.mean(per_label[seen])),
                "exampleF1": float(numpy.average(
                    [f1_score(y[i:i + 1], z[i:i + 1], average="samples", zero_division=1)
                     for i in range(rows)], weights=w)),
                "subsetAccuracy": float(numpy.average((y == z).all(1), weights=w)),
                "hammingLoss": float(numpy.average((y != z).mean(1), weights=w))}
        cases.append({
            "labelCount": labels, "fading": fading,
            "truth": [[l for l in range(labels) if row[l]] for row in truth],
            "guess": [[l for l in range(labels) if row[l]] for row in guess],
            "overall": values([1.0] * rows),
            "faded": values([fading ** (rows - 1 - i) for i in range(rows)])})
    write(
        "PrequentialMetrics", "scikit-learn f1_score", sklearn.__version__, cases,
        tests="EvaluationTests")


class Clusters:
    """ODAC over Jaccard distances, from kept rows."""

    def __init__(self, count, confidence, tie, interval, support, smallest):
        self.confidence, self.tie, self.interval = confidence, tie, interval
        self.support, self.smallest = support, smallest
        self.nodes = {0: {"labels": list(range(count)), "rows": [], "parent": None, "kids": []}}
        self.next = 1

    def active(self):
        return sorted(n for n, node in self.nodes.items() if not node["kids"])

    def epsilon(self, rows):
        return math.sqrt(math.log(1 / self.confidence) / (2 * max(1, rows)))

    def measure(self, node):
        sets = {l: {i for i, row in enumerate(node["rows"]) if l in row} for l in node["labels"]}
        good = [l for l in node["labels"] if len(sets[l]) >= self.support]
        if len(good) < 2:
            return sets, None
        pairs = []
        for a, b in itertools.combinations(sorted(good), 2):
            either = sets[a] | sets[b]
            pairs.append((1 - len(sets[a] & sets[b]) / len(either), len(either), a, b))
        pairs.sort(key=lambda pair: (-pair[0], -pair[1], pair[2], pair[3]))
        d = [pair[0] for pair in pairs]
        return sets, {
            "pivots": pairs[0][2:], "d1": d[0], "d2": d[1] if len(d) > 1 else d[-1], "d0": d[-1],
            "mean": sum(d) / len(d), "e": self.epsilon(pairs[0][1])}

    def add(self, row):
        for node in self.nodes.values():
            node["rows"].append(set(row))
        changes = []
        for number in self.active():
            node = self.nodes.get(number)
            if node is None or len(node["rows"]) % self.interval:
                continue
            sets, spread = self.measure(node)
            if spread is None:
                continue
            node["mean"] = spread["mean"]
            if node["parent"] is not None and self.merges(node["parent"], spread):
                changes.append(self.merge(node["parent"]))
                continue
            clear = spread["d1"] - spread["d2"] > spread["e"] or spread["e"] < self.tie
            wide = (spread["d1"] - spread["d0"]) * abs(
                spread["d1"] + spread["d0"] - 2 * spread["mean"])
            if clear and wide > spread["e"]:
                sides = self.sides(node["labels"], sets, spread["pivots"])
                if min(map(len, sides)) >= self.smallest:
                    kids = [self.next, self.next + 1]
                    self.next += 2
                    node.update(kids=kids, d1=spread["d1"], e=spread["e"],
                                pivots=spread["pivots"], rows=[])
                    for kid, labels in zip(kids, sides):
                        self.nodes[kid] = {
                            "labels": labels, "rows": [], "parent": number, "kids": []}
                    changes.append(["split", number, *kids])
        return changes

    def merges(self, parent, spread):
        node = self.nodes[parent]
        kids = [self.nodes[kid] for kid in node["kids"]]
        if any(kid["kids"] for kid in kids):
            return False
        if spread["d1"] - node["d1"] > max(node["e"], spread["e"]):
            return True
        a, b = node["pivots"]
        either = sum(a in row or b in row for row in node["rows"])
        both = sum(a in row and b in row for row in node["rows"])
        means = [kid["mean"] for kid in kids if "mean" in kid]
        return either >= 2 * self.support and bool(means) and (
            1 - both / either + self.epsilon(either) < max(means))

    def merge(self, parent):
        node = self.nodes.pop(parent)
        for kid in node["kids"]:
            del self.nodes[kid]
        number, self.next = self.next, self.next + 1
        self.nodes[number] = {
            "labels": node["labels"], "rows": [], "parent": node["parent"], "kids": []}
        if node["parent"] is not None:
            above = self.nodes[node["parent"]]
            above["kids"] = [number if kid == parent else kid for kid in above["kids"]]
        return ["merge", *node["kids"], number]

    def sides(self, labels, sets, pivots):
        def similarity(a, b):
            either = sets[a] | sets[b]
            return len(sets[a] & sets[b]) / len(either) if either else 0.0
        side = {pivots[0]: 0, pivots[1]: 1}
        rest = []
        for label in labels:
            if label in side:
                continue
            s = [similarity(pivot, label) for pivot in pivots]
            if 1 - s[0] == 1 - s[1]:
                rest.append(label)
            else:
                side[label] = 0 if s[0] > s[1] else 1
        for label in sorted(rest, key=lambda l: (-len(sets[l]), l)):
            sums = [sum(similarity(label, o) for o, at in sorted(side.items()) if at == k)
                    for k in (0, 1)]
            if abs(sums[0] - sums[1]) < 1e-12:
                counts = [list(side.values()).count(k) for k in (0, 1)]
                side[label] = 0 if counts[0] <= counts[1] else 1
            else:
                side[label] = 0 if sums[0] > sums[1] else 1
        return [[l for l in labels if side[l] == k] for k in (0, 1)]


def grouped_rows(generator, groups, count, noise=0.05):
    labels = sum(map(len, groups))
    rows = []
    for _ in range(count):
        group = generator.choice(groups)
        row = {l for l in group if generator.random() < 0.7}
        row |= {l for l in range(labels) if generator.random() < noise}
        rows.append(sorted(row))
    return rows


def clusters():
    cases = []
    for seed, first, second in (
        (1, [[0, 1, 2], [3, 4, 5]], [[0, 1, 2], [3, 4, 5]]),
        (2, [[0, 1, 2, 3], [4, 5, 6], [7, 8]], [[0, 4, 7], [1, 5, 8], [2, 3, 6]]),
        (3, [[0, 1], [2, 3], [4, 5, 6, 7]], [[0, 1, 2, 3, 4, 5, 6, 7]]),
    ):
        generator = random.Random(seed)
        rows = grouped_rows(generator, first, 900) + grouped_rows(generator, second, 1200)
        count = sum(map(len, first))
        model = Clusters(count, 0.1, 0.1, 100, 10, 2)
        changes, partitions = [], []
        for index, row in enumerate(rows):
            changes += [[index, *change] for change in model.add(row)]
            if index % 300 == 299:
                partitions.append([model.nodes[n]["labels"] for n in model.active()])
        cases.append({
            "labelCount": count, "rows": rows, "partitions": partitions,
            "changes": [" ".join(map(str, change)) for change in changes]})
    write("ODACClustering", "definition, with all rows kept", "1", cases)


class Tree:
    """The multi-label Hoeffding tree, from kept rows."""

    def __init__(self, count, dense, grace, confidence, tie, candidates=10):
        self.count, self.dense, self.grace = count, dense, grace
        self.confidence, self.tie, self.candidates = confidence, tie, candidates
        self.root = self.leaf(0.0, numpy.zeros(count))

    def leaf(self, rows, mass):
        return {"base": rows, "mass": mass, "x": [], "y": [], "tried": 0}

    def find(self, x):
        node, above, at = self.root, None, None
        while "feature" in node:
            value = x.get(node["feature"], 0.0)
            right = value > node["threshold"] if self.dense else value != 0
            node, above, at = node["right" if right else "left"], node, "right" if right else "left"
        return node, above, at

    def predict(self, x):
        leaf = self.find(x)[0]
        rows = leaf["base"] + len(leaf["y"])
        total = leaf["mass"] + sum(leaf["y"], numpy.zeros(self.count))
        return total / rows if rows else numpy.zeros(self.count)

    def learn(self, x, labels):
        leaf, above, at = self.find(x)
        y = numpy.zeros(self.count)
        y[labels] = 1
        leaf["x"].append(x)
        leaf["y"].append(y)
        if len(leaf["y"]) - leaf["tried"] < self.grace:
            return
        leaf["tried"] = len(leaf["y"])
        split = self.split(leaf)
        if split is None:
            return
        feature, threshold, left, right = split
        node = {"feature": feature, "threshold": threshold,
                "left": self.leaf(*left), "right": self.leaf(*right)}
        if above is None:
            self.root = node
        else:
            above[at] = node

    def entropy(self, rows, mass):
        p = mass[(mass > 0) & (mass < rows)] / rows if rows > 0 else numpy.zeros(0)
        return -numpy.sum(p * numpy.log2(p) + (1 - p) * numpy.log2(1 - p))

    def split(self, leaf):
        y = numpy.array(leaf["y"])
        n, total = len(y), y.sum(0)
        least = max(1.0, 0.01 * n)
        best = {}
        for feature in sorted({f for x in leaf["x"] for f in x}):
            values = numpy.array([x.get(feature, 0.0) for x in leaf["x"]])
            options = []
            if self.dense:
                low, high = values.min(), values.max()
                if low < high:
                    for step in range(1, self.candidates + 1):
                        cut = low + (high - low) * step / (self.candidates + 1)
                        rows = self.below(values, cut)
                        part = numpy.array([
                            self.below(values[y[:, l] == 1], cut) for l in range(self.count)])
                        options.append((cut, (rows, numpy.minimum(rows, part)),
                                        (n - rows, numpy.minimum(n - rows, total - part))))
            else:
                there = values != 0
                options.append((None, (float((~there).sum()), y[~there].sum(0)),
                                (float(there.sum()), y[there].sum(0))))
            for threshold, left, right in options:
                if left[0] < least or right[0] < least:
                    continue
                gain = self.entropy(n, total) - (
                    left[0] * self.entropy(*left) + right[0] * self.entropy(*right)
                ) / (left[0] + right[0])
                if feature not in best or gain > best[feature][0]:
                    best[feature] = (gain, feature, threshold, left, right)
        ranked = sorted(best.values(), key=lambda option: (-option[0], option[1]))
        ranked = [option for option in ranked if option[0] > 0]
        if not ranked:
            return None
        second = ranked[1][0] if len(ranked) > 1 else 0.0
        bound = max(1.0, math.log2(self.count)) * math.sqrt(
            math.log(1 / self.confidence) / (2 * n))
        return ranked[0][1:] if ranked[0][0] - second > bound or bound < self.tie else None

    @staticmethod
    def below(values, cut):
        n = len(values)
        if n < 2 or numpy.var(values) * n <= 0:
            return float(n) if n and values.mean() <= cut else 0.0
        return n * 0.5 * math.erfc((values.mean() - cut) / (values.std(ddof=1) * math.sqrt(2)))

    def leaves(self, node=None):
        node = node or self.root
        return self.leaves(node["left"]) + self.leaves(node["right"]) if "feature" in node else 1


def stream(seed, rows, labels, features, dense, change=None):
    generator = random.Random(seed)
    def concept():
        return [generator.sample(range(features), 2) for _ in range(labels)]
    rules, result = concept(), []
    for index in range(rows):
        if index == change:
            rules = concept()
        if dense:
            x = {f: round(generator.gauss(0, 1), 3) for f in range(features)}
        else:
            x = {f: round(generator.uniform(0.5, 3), 2)
                 for f in range(features) if generator.random() < 0.3}
        y = [l for l, (a, b) in enumerate(rules)
             if x.get(a, 0) + 0.5 * x.get(b, 0) > 0.9 and generator.random() < 0.95]
        result.append((x, y))
    return result


def plain(rows):
    return [{"columns": sorted(x), "values": [x[f] for f in sorted(x)], "labels": y}
            for x, y in rows]


def trees():
    cases = []
    for dense in (False, True):
        rows = stream(5, 1000, 3, 4, dense)
        model = Tree(3, dense, grace=100, confidence=0.1, tie=0.15)
        probabilities = []
        for index, (x, y) in enumerate(rows):
            if index % 40 == 39:
                probabilities.append(list(model.predict(x)))
            model.learn(x, y)
        cases.append({
            "features": "dense" if dense else "sparse", "labelCount": 3, "featureCount": 4,
            "rows": plain(rows), "probabilities": probabilities, "leaves": model.leaves()})
    write("MultiLabelHoeffdingTree", "definition, with all rows kept", "1", cases)


def f_measure(score):
    return 2 * score[0] / score[1] if score[1] else 0.0


class Learner:
    """iHOMER of the doc comment, with river's ADWIN."""

    def __init__(self, count, columns, dense, fading=0.998, rate=1.0, window=500, k=5, trial=200):
        self.count, self.columns, self.dense = count, columns, dense
        self.fading, self.rate, self.window, self.k, self.trial = fading, rate, window, k, trial
        self.weights = numpy.zeros((columns + 1, count))
        self.squares = numpy.zeros((columns + 1, count))
        self.near, self.seen = [], []
        self.clusters = Clusters(count, 0.1, 0.1, 100, 10, 2)
        self.detector = self.adwin()
        self.parts = {0: self.part(list(range(count)))}
        self.events = dict.fromkeys(("splits", "merges", "local", "global", "replaced"), 0)

    @staticmethod
    def adwin():
        return AdaptiveWindowing(
            delta=0.002, clock=32, max_buckets=5, min_window_length=5, grace_period=10)

    def tree(self, count):
        return Tree(count, self.dense, grace=200, confidence=1.6587784772850855e-7, tie=0.05)

    def part(self, labels):
        return {"labels": labels, "tree": self.tree(len(labels)), "adwin": self.adwin(),
                "scores": [[0.0, 0.0] for _ in range(8)], "rival": None}

    def vector(self, x):
        v = numpy.zeros(self.columns)
        for feature, value in x.items():
            v[feature] = value
        return v

    def scale(self, v):
        """One row or several."""
        if not self.dense:
            length = numpy.linalg.norm(v, axis=-1, keepdims=True)
            return v / numpy.where(length > 0, length, 1.0)
        if not self.seen:
            return numpy.zeros_like(v)
        all_rows = numpy.array(self.seen)
        deviation = all_rows.std(0)
        good = deviation ** 2 > 1e-12
        z = (v - all_rows.mean(0)) / numpy.where(good, deviation, 1.0)
        return numpy.where(good, z, 0.0) / math.sqrt(self.columns)

    def neighbours(self, v):
        if not self.near:
            return numpy.zeros(self.count)
        z = self.scale(v)
        others = self.scale(numpy.array([o for o, _ in self.near]))
        closeness = -((others - z) ** 2).sum(1) if self.dense else others @ z
        order = sorted(range(len(others)), key=lambda i: (-round(closeness[i], 12), -i))[:self.k]
        votes = numpy.zeros(self.count)
        for i in order:
            votes[self.near[i][1]] += 1 / len(order)
        return votes

    @staticmethod
    def chosen(p, score, follows):
        threshold = score[0] / score[1] if score[1] and follows else 0.5
        return {i for i, value in enumerate(p) if value > threshold}

    def add_score(self, score, chosen, actual):
        score[0] = self.fading * score[0] + len(chosen & actual)
        score[1] = self.fading * score[1] + len(chosen) + len(actual)

    @staticmethod
    def loss(one, other):
        return 1 - len(one & other) / len(one | other) if one | other else 0.0

    @staticmethod
    def rise(detector, value):
        width = detector.get_width()
        before = detector.get_total() / width if width else 0.0
        found = detector.update(value)
        return found and detector.get_total() / detector.get_width() > before

    def step(self, x, y):
        v = self.vector(x)
        z = numpy.append(self.scale(v), 1.0)
        logistic = 1 / (1 + numpy.exp(-(z @ self.weights)))
        near = self.neighbours(v)
        everything, plans = set(), []
        for number in sorted(self.parts):
            part = self.parts[number]
            labels = part["labels"]
            p = [part["tree"].predict(x), near[labels], logistic[labels],
                 (near[labels] + logistic[labels]) / 2]
            picks = [self.chosen(p[place // 2], score, place % 2)
                     for place, score in enumerate(part["scores"])]
            best = max(range(8), key=lambda e: (f_measure(part["scores"][e]), -e))
            everything |= {labels[i] for i in picks[best]}
            plans.append((number, picks, best))
        truth = set(y)
        for number, picks, best in plans:
            part = self.parts[number]
            actual = {i for i, l in enumerate(part["labels"]) if l in truth}
            for score, pick in zip(part["scores"], picks):
                self.add_score(score, pick, actual)
            self.compete(part, x, actual, picks)
            part["tree"].learn(x, sorted(actual))
            if self.rise(part["adwin"], self.loss(picks[best], actual)):
                self.events["local"] += 1
                self.squares[:, part["labels"]] = 0
                part["scores"] = [[0.1 * a, 0.1 * b] for a, b in part["scores"]]
                if part["rival"] is None:
                    part["rival"] = {"tree": self.tree(len(part["labels"])), "rows": 0,
                                     "own": [[0.0, 0.0], [0.0, 0.0]],
                                     "old": [[0.0, 0.0], [0.0, 0.0]]}
        target = numpy.zeros(self.count)
        target[y] = 1
        gradient = numpy.outer(z, logistic - target)
        moved = z != 0
        self.squares[moved] += gradient[moved] ** 2
        self.weights[moved] -= self.rate * gradient[moved] / numpy.sqrt(self.squares[moved] + 1e-8)
        self.near = (self.near + [(v, y)])[-self.window:]
        self.seen.append(v)
        if self.rise(self.detector, self.loss(everything, truth)):
            self.events["global"] += 1
            self.near = self.near[-int(self.detector.get_width()):]
            for node in self.clusters.nodes.values():
                node["rows"] = []
                node.pop("mean", None)
        for change in self.clusters.add(y):
            self.apply(change)
        return sorted(everything)

    def compete(self, part, x, actual, picks):
        rival = part["rival"]
        if rival is None:
            return
        p = rival["tree"].predict(x)
        for follows in (0, 1):
            own = self.chosen(p, rival["own"][follows], follows)
            self.add_score(rival["own"][follows], own, actual)
            self.add_score(rival["old"][follows], picks[follows], actual)
        rival["tree"].learn(x, sorted(actual))
        rival["rows"] += 1
        if rival["rows"] % self.trial == 0:
            if max(map(f_measure, rival["own"])) > max(map(f_measure, rival["old"])):
                part["tree"], part["scores"][:2] = rival["tree"], rival["own"]
                part["rival"] = None
                self.events["replaced"] += 1
            elif rival["rows"] >= 5 * self.trial:
                part["rival"] = None

    def apply(self, change):
        if change[0] == "split":
            parent = self.parts.pop(change[1])
            self.events["splits"] += 1
            for child in change[2:]:
                part = self.part(self.clusters.nodes[child]["labels"])
                places = [parent["labels"].index(l) for l in part["labels"]]
                part["tree"] = self.narrowed(parent["tree"], places)
                part["scores"] = [list(score) for score in parent["scores"]]
                self.parts[child] = part
        else:
            parts = [self.parts.pop(n) for n in change[1:-1]]
            self.events["merges"] += 1
            part = self.part(self.clusters.nodes[change[-1]]["labels"])
            largest = parts[0] if len(parts[0]["labels"]) >= len(parts[1]["labels"]) else parts[1]
            part["scores"] = [[0.0, 0.0], [0.0, 0.0]] + [
                list(s) for s in largest["scores"][2:]]
            self.parts[change[-1]] = part

    def narrowed(self, tree, places):
        copy = self.tree(len(places))
        def narrow(node):
            if "feature" in node:
                return {**node, "left": narrow(node["left"]), "right": narrow(node["right"])}
            return {**node, "mass": node["mass"][places], "x": list(node["x"]),
                    "y": [y[places] for y in node["y"]]}
        copy.root = narrow(tree.root)
        return copy


def learners():
    cases = []
    for dense, seed in ((False, 7), (True, 8)):
        rows = stream(seed, 1400, 6, 6, dense, change=700)
        model = Learner(6, 6, dense)
        predictions = [model.step(x, y) for x, y in rows]
        cases.append({
            "features": "dense" if dense else "sparse", "labelCount": 6, "featureCount": 6,
            "rows": plain(rows), "predictions": predictions, "events": model.events,
            "clusters": [model.parts[n]["labels"] for n in sorted(model.parts)]})
    write("IHOMERLearner", "definition, with all rows kept, and river's ADWIN", "1", cases)


adwin()
metrics()
clusters()
trees()
learners()
