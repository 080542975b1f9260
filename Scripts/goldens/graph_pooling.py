#!/usr/bin/env python3
"""Writes the goldens of Sources/Learning/Graphs/Pooling.

    Scripts/goldens/graph_pooling.py      (torch, torch_geometric 2.8.1)

The modules of the authors' repository Shania99/ProteinRPN (GRPN, DifferentiableKHopSubgraph,
NodeDropPooling, FunctionalNodeAttentionGNN, and MAB of HEAL) written with PyTorch Geometric's dense
layers, which they use, in float64 and for one graph after the other.
"""
import math

import torch
import torch.nn.functional as F
from graph_cases import GRAPH, STAR, put
from pair_loss_cases import case, rows, write
from torch_geometric.nn import DenseGATConv, DenseGCNConv

SCRIPT = "graph_pooling.py"
SOURCE = "the authors' modules written with PyTorch Geometric 2.8.1"
ALONE = {"nodes": 1, "edges": []}


def adjacency(graph):
    matrix = torch.zeros(graph["nodes"], graph["nodes"])
    for a, b in graph["edges"]:
        matrix[a, b] = matrix[b, a] = 1
    return matrix


def each(graphs):
    """The adjacency matrix and the rows of each graph."""
    first = 0
    for graph in graphs:
        yield adjacency(graph), slice(first, first + graph["nodes"])
        first += graph["nodes"]


def gcn(weight, bias):
    return put(DenseGCNConv(*weight.shape), lin__weight=weight.T, bias=bias[0])


def gat(weight, receiver, sender, bias):
    # It sends along columns: the attention of rows is that of the receivers.
    return put(
        DenseGATConv(*weight.shape), lin__weight=weight.T, att_src=sender[None, None],
        att_dst=receiver[None, None], bias=bias[0])


def dropped(x, adj, weight, bias, projection, offset):
    kept = torch.sigmoid(gcn(weight, bias)(x[None], adj[None])[0] @ projection.T + offset[0])
    return x * kept, kept @ kept.T * adj, kept


def node_drop(x, edge_weights, weight, bias, projection, offset, factors, graphs):
    total = 0
    for adj, part in each(graphs):
        weighted = adj * (edge_weights[part, 0][:, None] * edge_weights[part, 0][None])
        pooled, masked, kept = dropped(x[part], weighted, weight, bias, projection, offset)
        total = total + (pooled * factors[part, : x.shape[1]]).sum() + (kept[:, 0] * factors[part, -1]).sum()
        total = total + (masked * factors[part, -2][:, None] * factors[part, -3][None]).sum()
    return total


def attention(x, adj, scores, weight, sender, receiver):
    hidden = x @ weight
    raw = F.leaky_relu((hidden @ sender).T + hidden @ receiver, 0.2)
    raw = raw * (scores + 0.5 * (1 - scores))[:, None] * adj
    shares = torch.softmax(raw.masked_fill(adj == 0, -math.inf), 1).nan_to_num()
    return F.relu(shares @ hidden)


def protein_rpn(x, *inputs, graphs, steps, share):
    convolutions, inputs = inputs[: 2 * steps], inputs[2 * steps:]
    function, inputs = inputs[:4], inputs[4:]
    threshold, inputs = inputs[0], inputs[1:]
    expansion, inputs = inputs[:4], inputs[4:]
    pool, inputs = inputs[:4], inputs[4:]
    attend, factors = inputs[:3], inputs[3]
    total = 0
    for adj, part in each(graphs):
        h = x[part]
        for i in range(steps):
            h = F.leaky_relu(h) if i else h
            h = gcn(*convolutions[2 * i: 2 * i + 2])(h[None], adj[None])[0]
        f = torch.sigmoid((gat(*function)(h[None], adj[None])[0, :, 0] - threshold[0, 0]) * 2)
        z = F.leaky_relu(gat(*expansion)(h[None], adj[None])[0])
        normalized, s = F.normalize(adj, p=1, dim=-1), f
        for _ in range(steps):
            s = share * normalized @ s + (1 - share) * s
        pooled, masked, kept = dropped(z * s[:, None], s[:, None] * normalized * s[None], *pool)
        y = attention(pooled, masked, f, *attend)
        width = x.shape[1]
        total = total + (y * factors[part, :width]).sum() + (f * factors[part, width]).sum()
        total = total + (kept[:, 0] * factors[part, width + 1]).sum()
    return total


def multiset(x, seeds, *inputs, graphs, heads, normalizes):
    query, output, norms = inputs[:2], inputs[2:4], inputs[4:8]
    keys, values, factors = inputs[8:10], inputs[10:12], inputs[12]
    total, width = 0, seeds.shape[1]
    for number, (adj, part) in enumerate(each(graphs)):
        q = seeds @ query[0].T + query[1][0]
        k, v = (gcn(*w)(x[part][None], adj[None])[0] for w in (keys, values))
        out = []
        for h in torch.arange(width).chunk(heads):
            out.append(q[:, h] + torch.softmax(q[:, h] @ k[:, h].T / math.sqrt(width), 1) @ v[:, h])
        o = torch.cat(out, 1)
        o = F.layer_norm(o, (width,), norms[0][0], norms[1][0]) if normalizes else o
        o = o + F.relu(o @ output[0].T + output[1][0])
        o = F.layer_norm(o, (width,), norms[2][0], norms[3][0]) if normalizes else o
        total = total + (o * factors[number * len(seeds): (number + 1) * len(seeds)]).sum()
    return total


BATCHES = [[GRAPH], [STAR, ALONE, GRAPH]]
cases = []
for seed, graphs in enumerate(BATCHES):
    count = sum(g["nodes"] for g in graphs)
    cases.append(case(
        node_drop, {"graphs": graphs}, rows(seed, count, 3), rows(7, count, 1).abs(), rows(1, 3, 4), rows(2, 1, 4),
        rows(3, 1, 4), rows(4, 1, 1), rows(5, count, 6)))
write("NodeDropPooling", SCRIPT, SOURCE, cases, "GraphsTests")

cases = []
for seed, (graphs, steps, share) in enumerate([(BATCHES[0], 2, 0.5), (BATCHES[1], 2, 0.5), (BATCHES[1], 1, 0.8)]):
    count, width, hidden = sum(g["nodes"] for g in graphs), 3, 4
    shapes = [(count, width)]
    for i in range(steps):
        shapes += [(width if i == 0 else hidden, hidden), (1, hidden)]
    shapes += [(hidden, 1), (1, 1), (1, 1), (1, 1), (1, 1)]
    shapes += [(hidden, width), (1, width), (1, width), (1, width)]
    shapes += [(width, hidden), (1, hidden), (1, hidden), (1, 1)]
    shapes += [(width, width), (width, 1), (width, 1), (count, width + 2)]
    cases.append(case(
        protein_rpn, {"graphs": graphs, "steps": steps, "share": share},
        *[rows(50 * seed + i, *shape) for i, shape in enumerate(shapes)]))
write("ProteinRPN", SCRIPT, SOURCE, cases, "GraphsTests")

cases = []
for seed, (graphs, count, heads, normalizes) in enumerate([
        (BATCHES[0], 1, 1, False), (BATCHES[1], 1, 2, True), (BATCHES[1], 3, 4, True)]):
    width = 4
    shapes = [(sum(g["nodes"] for g in graphs), width), (count, width), (width, width), (1, width)]
    shapes += [(width, width)] + [(1, width)] * 5
    shapes += [(width, width), (1, width), (width, width), (1, width), (count * len(graphs), width)]
    cases.append(case(
        multiset, {"graphs": graphs, "heads": heads, "normalizes": normalizes},
        *[rows(90 * seed + i, *shape) for i, shape in enumerate(shapes)]))
write("MultisetPooling", SCRIPT, SOURCE, cases, "GraphsTests")
