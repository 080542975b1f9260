#!/usr/bin/env python3
"""Writes the goldens of the methods over hypergraphs of Sources/Learning/Graphs.

    Scripts/goldens/hypergraphs.py      (torch, dhg 0.9.7)

The smoothing and the means over hyperedges are those of DeepHypergraph (dhg), the library of the
authors of both papers. The loss of LightHGNN is written from its description: the authors' code gives
probabilities to a function that takes their logarithms.
"""
import torch
from dhg import Hypergraph
from dhg.nn import HGNNConv
from pair_loss_cases import case, rows, write

SCRIPT = "hypergraphs.py"
SOURCE = "dhg 0.9.7"
# A hyperedge of many nodes, one of two, one within another, one of one node, and node 6 in none.
MEMBERS = [[0, 1, 2, 3], [3, 4], [0, 1], [5]]
PLAIN = {"nodes": 7, "members": MEMBERS}
# Every node in the same hyperedge.
WHOLE = {"nodes": 4, "members": [[0, 1, 2, 3]]}


def hypergraph(graph):
    return Hypergraph(graph["nodes"], [tuple(e) for e in graph["members"]])


def hgnn(x, weight, bias, factors, graph):
    layer = HGNNConv(*weight.shape, is_last=True)
    del layer.theta.weight, layer.theta.bias
    layer.theta.weight, layer.theta.bias = weight.T, bias[0]
    return (layer(x, hypergraph(graph)) * factors).sum()


def light(student, teacher, graph, knownShare, classes, known, drawn, disturbed=None, reliability=None):
    teacher = teacher.detach()
    loss = torch.nn.functional.kl_div(
        student.log_softmax(1), teacher.log_softmax(1), reduction="batchmean", log_target=True)
    if drawn is not None:
        kept = torch.tensor(drawn).bool()
        mean_s, mean_t = (hypergraph(graph).v2e(z.softmax(1), aggr="mean")[kept] for z in (student, teacher))
        if kept.any():
            loss = loss + torch.nn.functional.kl_div(mean_s.log(), mean_t, reduction="batchmean")
    if known:
        right = torch.nn.functional.cross_entropy(student[known], torch.tensor(classes)[known])
        return knownShare * right + (1 - knownShare) * loss
    return (1 - knownShare) * loss


def reliability(before, after, graph):
    def entropies(logits):
        shares = logits.softmax(1)
        each = torch.special.entr(shares).sum(1, keepdim=True)
        return hypergraph(graph).v2e(each, aggr="mean")[:, 0]
    change = (entropies(after) - entropies(before)).abs()
    return (1 - change / change.max()).tolist()


cases = []
for seed, graph in enumerate([PLAIN, WHOLE]):
    inputs = [rows(10 * seed, graph["nodes"], 3), rows(10 * seed + 1, 3, 4), rows(10 * seed + 2, 1, 4),
              rows(10 * seed + 3, graph["nodes"], 4)]
    cases.append(case(hgnn, {"graph": graph}, *inputs))
write("HypergraphConvolution", SCRIPT, SOURCE, cases, "GraphsTests")

cases = []
for seed, (share, known, drawn, scale) in enumerate([
        (0.0, [], None, 1), (0.0, [0, 5], [1, 0, 1, 1], 1), (0.3, [0, 5, 6], [1, 1, 1, 1], 1),
        (0.3, [2], None, 3), (1.0, [1, 3], [1, 0, 0, 0], 1), (0.2, [1], [0, 0, 0, 0], 12)]):
    student, teacher = rows(20 + seed, 7, 3, scale), rows(40 + seed, 7, 3, scale)
    disturbed = rows(60 + seed, 7, 3, scale)
    cases.append(case(light, {
        "graph": PLAIN, "knownShare": share, "classes": [0, 2, 1, 1, 0, 2, 1], "known": known,
        "drawn": drawn, "disturbed": disturbed.tolist(),
        "reliability": reliability(teacher, disturbed, PLAIN)}, student, teacher))
write("LightHGNNLoss", SCRIPT, "the loss in PyTorch over the means of dhg 0.9.7", cases, "GraphsTests")
