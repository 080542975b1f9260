#!/usr/bin/env python3
"""Writes the golden of Sources/Learning/Graphs/Selection/GAIS.swift.

    Scripts/goldens/graph_selection.py      (torch, torch_geometric 2.8.1)

The shares are those of PyTorch Geometric's GATConv in float64, with the inputs' weights put into it.
"""
import torch
from graph_cases import GRAPH, STAR, index, put
from pair_loss_cases import case, rows, write
from torch_geometric.nn import GATConv


def importance(x, weight, receiver, sender, factors, graph, heads):
    layer = put(
        GATConv(x.shape[1], weight.shape[1] // heads, heads), lin__weight=weight.T,
        att_src=sender[None], att_dst=receiver[None])
    _, (edges, shares) = layer(x, index(graph), return_attention_weights=True)
    source, target = edges
    found = torch.zeros(len(x)).index_add(0, source, shares.mean(1) * (source != target))
    return (found * factors[0]).sum()


cases = []
for seed, graph in enumerate([GRAPH, STAR]):
    for heads in [1, 3]:
        count = graph["nodes"]
        cases.append(case(
            importance, {"graph": graph, "heads": heads}, rows(seed, count, 3), rows(9, 3, 2 * heads),
            rows(3, heads, 2), rows(4, heads, 2), rows(5, 1, count)))
write("GAIS", "graph_selection.py", "PyTorch Geometric 2.8.1", cases, "GraphsTests")
