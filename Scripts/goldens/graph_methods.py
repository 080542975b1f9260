#!/usr/bin/env python3
"""Writes the goldens of ERASE, Mowst, GRACE, POT and PamCLoss of Sources/Learning/Graphs.

    Scripts/goldens/graph_methods.py      (torch, torch_geometric 2.8.1)

The oracle is PyTorch in float64 on dense matrices, written from the equations of the authors' code. Values
and gradients were compared once with that code on these inputs (of Mowst the dispersion alone): equal to
rounding, but for ERASE, whose authors add 1e-8 to the size of a class. Left out were graphs with a node alone
or a class without nodes, on which the code of ERASE and POT fails.
"""
import math

import torch
import torch.nn.functional as F
from pair_loss_cases import case, rows, write
from torch_geometric.nn.conv.gcn_conv import gcn_norm
from torch_geometric.utils import to_dense_adj

SCRIPT = "graph_methods.py"
SOURCE = "PyTorch float64 from the equations of the authors' code"
# A triangle with a tail, a pair, and a node alone.
GRAPH = {"nodes": 8, "edges": [[0, 1], [1, 2], [0, 2], [2, 3], [3, 4], [5, 6]]}
# A star: its centre has all others.
STAR = {"nodes": 6, "edges": [[0, i] for i in range(1, 6)]}
# Two triangles that share a node, and an edge.
TWINS = {"nodes": 7, "edges": [[0, 1], [1, 2], [0, 2], [2, 3], [3, 4], [2, 4], [5, 6]]}


def index(graph):
    return torch.tensor(graph["edges"] + [[b, a] for a, b in graph["edges"]]).T


def dense(graph):
    return to_dense_adj(index(graph), max_num_nodes=graph["nodes"])[0].double()


def by_degree(adjacency):
    degrees = adjacency.sum(0)
    return adjacency / torch.where(degrees > 0, degrees, torch.ones_like(degrees))


def normalized(graph):
    edges, weights = gcn_norm(index(graph), num_nodes=graph["nodes"], dtype=torch.float64)
    return to_dense_adj(edges, edge_attr=weights, max_num_nodes=graph["nodes"])[0].T


def rate(columns, scale):
    return torch.logdet(torch.eye(len(columns)) + scale * columns @ columns.T) / 2


def erase_labels(z, graph, classes, known, classCount, own, given, steps):
    adjacency = dense(graph)
    inside = torch.zeros(len(z))
    inside[known] = 1
    y = torch.zeros(len(z), classCount)
    y[known, torch.tensor(classes)[known]] = 1
    for _ in range(steps):
        y = (1 - own) * by_degree(adjacency * inside[:, None] * inside) @ y + own * y
    members = y[known].argmax(1)
    cosines = torch.zeros(len(z), classCount)
    for c in range(classCount):
        if (members == c).any():
            mean = z[known][members == c].mean(0)
            cosines[:, c] = F.cosine_similarity(z, mean[None], dim=1).abs()
    mixed = torch.softmax(given * y + (1 - given) * cosines, 1)
    for _ in range(steps):
        mixed = (1 - own) * by_degree(adjacency) @ mixed + own * mixed
    return y, mixed.argmax(1)


def erase(z, options, labels, **_):
    w = z.T
    width, count = w.shape
    scale = width / options["squaredPrecision"]
    compression = 0
    for c in range(options["classCount"]):
        some = w[:, torch.tensor(labels) == c]
        if some.shape[1]:
            compression = compression + some.shape[1] / count * rate(some, scale / some.shape[1])
    expansion = rate(w, options["compressionWeight"] * scale / count)
    return -options["expansionWeight"] * expansion + options["compressionWeight"] * compression


def erase_case(seed, graph, width, known, **changes):
    options = {
        "graph": graph, "classes": [(3 * i + seed) % 4 % 3 for i in range(graph["nodes"])], "known": known,
        "classCount": 3, "squaredPrecision": 0.05, "compressionWeight": 1.0, "expansionWeight": 2.0,
        "ownShare": 0.6, "knownShare": 0.6, "steps": 5, **changes}
    z = rows(seed, graph["nodes"], width)
    y, labels = erase_labels(z, graph, options["classes"], known, options["classCount"], options["ownShare"],
                             options["knownShare"], options["steps"])
    result = case(lambda x: erase(x, options, labels.tolist()), {}, z)
    result["options"] = {**options, "labels": labels.tolist(), "denoised": y.tolist()}
    return result


write("ERASE", SCRIPT, SOURCE, [
    erase_case(1, GRAPH, 4, [0, 2, 3, 5]), erase_case(2, STAR, 8, [0, 1, 2, 4, 5]),
    erase_case(3, TWINS, 3, [0, 1, 2, 3, 4, 5, 6], squaredPrecision=0.4, steps=2, ownShare=0.3, knownShare=0.2),
    # No known node has class 2.
    erase_case(4, GRAPH, 4, [0, 1, 3], classes=[0, 1, 2, 0, 2, 1, 2, 0], compressionWeight=0.5, expansionWeight=3.0),
], "GraphsTests")


def gated(w, gate):
    hidden, hidden_bias, out, out_bias = gate
    p = torch.softmax(w, 1)
    count = p.shape[1]
    certain = torch.zeros(count)
    certain[0] = 1
    spread = p.var(1, unbiased=False) / certain.var(unbiased=False)
    sure = 1 - torch.distributions.Categorical(probs=p).entropy() / math.log(count)
    dispersion = torch.stack([spread, sure], 1)
    return torch.sigmoid(torch.relu(dispersion @ hidden + hidden_bias[0]) @ out + out_bias[0])


def mowst(w, s, *gate, classes, mixesScores, learning):
    y = torch.tensor(classes)
    if learning == "weak":
        s = s.detach()
    if learning == "strong":
        w = w.detach()
    g = gated(w, gate)
    if learning == "strong":
        g = g.detach()
    if mixesScores:
        return F.cross_entropy(g * w + (1 - g) * s, y)
    g = g[:, 0]
    return (g * F.cross_entropy(w, y, reduction="none") + (1 - g) * F.cross_entropy(s, y, reduction="none")).mean()


cases = []
for mixes in [False, True]:
    for number, learning in enumerate(["both", "weak", "strong"]):
        for scale in [1.0, 8.0]:
            cases.append(case(
                mowst, {"classes": [0, 2, 1, 1, 3], "mixesScores": mixes, "learning": learning},
                rows(number, 5, 4, scale), rows(10 + number, 5, 4), rows(20, 2, 3), rows(21, 1, 3), rows(22, 3, 1),
                rows(23, 1, 1)))
write("Mowst", SCRIPT, SOURCE, cases, "GraphsTests")


def grace(first, second, hidden, hidden_bias, out, out_bias, temperature):
    def projected(z):
        return F.normalize(F.elu(z @ hidden.T + hidden_bias[0]) @ out.T + out_bias[0])

    def half(a, b):
        inner, between = torch.exp(a @ a.T / temperature), torch.exp(a @ b.T / temperature)
        return -torch.log(between.diag() / (inner.sum(1) + between.sum(1) - inner.diag()))

    a, b = projected(first), projected(second)
    return ((half(a, b) + half(b, a)) / 2).mean()


write("GRACE", SCRIPT, SOURCE, [
    case(grace, {"temperature": t}, rows(1, n, 3), rows(2, n, 3), rows(3, 4, 3), rows(4, 1, 4), rows(5, 3, 4),
         rows(6, 1, 3)) for t, n in [(0.4, 5), (1.0, 2), (0.05, 6)]], "GraphsTests")


def line(inputs, bias, weights, upper, lower):
    mean, radius = (upper + lower) / 2, (upper - lower) / 2
    high = mean @ inputs + radius @ inputs.abs() + bias
    low = mean @ inputs - radius @ inputs.abs() + bias
    on, off = low >= 0, high <= 0
    cut = ~(on | off)
    slope = torch.zeros_like(low)
    slope[on] = 1
    slope[off] = 0
    slope[cut] = high[cut] / (high[cut] - low[cut])
    above = torch.zeros_like(low)
    above[cut] = -low[cut]
    shift = torch.where(weights >= 0, torch.zeros_like(above), above)
    result = slope * weights
    return result, torch.diag(result @ (shift + bias).T)[:, None]


def pot(x, w1, b1, w2, b2, z, graph, kept, edgeDropout):
    count = graph["nodes"]
    loops = dense(graph) + torch.eye(count)
    degrees = dense(graph).sum(1)
    # round() of Python rounds halves to even, as NumPy's.
    lost = torch.tensor([min(max(int(d) - 1, 0), round(edgeDropout * int(d))) for d in degrees])
    least = 1 / torch.sqrt(degrees + 1 - lost)
    upper = torch.where(loops > 0, least[:, None] * least, torch.zeros_like(loops))
    lower = torch.diag(torch.diag(normalized(graph)))
    xw = x @ w1
    hw = torch.relu(normalized(graph) @ xw + b1[0]) @ w2
    unit = F.normalize(z)
    contrast = torch.stack([
        unit[i] - torch.cat([unit[:i], unit[i + 1:]]).mean(0) for i in range(count)])
    outer, outer_offset = line(hw, b2[0], contrast, upper, lower)
    inner, inner_offset = line(xw, b1[0], outer @ w2.T, upper, lower)
    view = normalized({"nodes": count, "edges": kept})
    start = (x * (inner @ w1.T)).sum(1, keepdim=True)
    score = view @ (view @ start + inner_offset) + outer_offset
    return F.binary_cross_entropy_with_logits(score, torch.ones_like(score))


write("POT", SCRIPT, SOURCE, [
    case(pot, {"graph": graph, "kept": kept, "edgeDropout": share}, rows(seed, graph["nodes"], 3),
         rows(seed + 1, 3, 4, scale), rows(seed + 2, 1, 4), rows(seed + 3, 4, 3, scale), rows(seed + 4, 1, 3),
         rows(seed + 5, graph["nodes"], 3))
    for seed, graph, kept, share, scale in [
        (1, GRAPH, GRAPH["edges"][:4], 0.4, 1.0), (10, STAR, STAR["edges"][1:], 0.5, 1.0),
        (20, TWINS, TWINS["edges"], 0.3, 3.0), (30, TWINS, TWINS["edges"][::2], 0.0, 0.2)]], "GraphsTests")


def pamc(z, graph, clusters, hops, sharpness):
    loops = dense(graph) + torch.eye(graph["nodes"])
    step = loops / loops.sum(1, keepdim=True)
    influence, power = step, step
    for _ in range(hops - 1):
        power = power @ step
        influence = influence + power

    def cosines(a):
        return F.normalize(a) @ F.normalize(a).T * (1 - torch.eye(len(a)))

    positive = (torch.exp(sharpness * cosines(z)) * influence).sum(1)
    sums = torch.stack([z[torch.tensor(clusters) == c].sum(0) for c in sorted(set(clusters))])
    negative = torch.exp(sharpness * cosines(sums)).sum(1)
    return -torch.log(positive + 1e-10).mean() + torch.log(negative + 1e-10).mean()


write("PamCLoss", SCRIPT, SOURCE, [
    case(pamc, {"graph": graph, "clusters": clusters, "hops": hops, "sharpness": sharpness},
         rows(seed, graph["nodes"], 4))
    for seed, graph, clusters, hops, sharpness in [
        (1, GRAPH, [0, 0, 0, 1, 1, 2, 2, 2], 1, 1.0), (2, STAR, [3, 0, 0, 3, 1, 0], 2, 0.25),
        (3, TWINS, list(range(7)), 3, 2.25), (4, TWINS, [0] * 7, 2, 20.0)]], "GraphsTests")
