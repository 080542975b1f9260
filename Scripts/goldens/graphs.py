#!/usr/bin/env python3
"""Writes the goldens of the layers, networks and propagations of Sources/Learning/Graphs.

    Scripts/goldens/graphs.py      (torch, torch_geometric 2.8.1)

The oracle is PyTorch Geometric in float64, with the weights of the inputs put into its layers. A value
is the sum of the outputs times fixed factors, the last input, so that every output counts.
"""
import torch
from graph_cases import GRAPH, NODES, STAR, index, put
from pair_loss_cases import case, rows, write
from torch_geometric.nn import APPNP, GATConv, GCNConv, GINConv, LabelPropagation, SAGEConv
from torch_geometric.nn.models import CorrectAndSmooth

SCRIPT = "graphs.py"
SOURCE = "PyTorch Geometric 2.8.1"
# It propagates labels without recording; the gradients of a linear map are worth comparing, too.
LabelPropagation.forward = LabelPropagation.forward.__wrapped__


def gcn(x, weight, bias, factors, graph):
    layer = put(GCNConv(*weight.shape), lin__weight=weight.T, bias=bias[0])
    return (layer(x, index(graph)) * factors).sum()


def gat(x, weight, receiver, sender, bias, factors, graph, heads, averages, slope):
    layer = GATConv(x.shape[1], weight.shape[1] // heads, heads, concat=not averages, negative_slope=slope)
    put(layer, lin__weight=weight.T, att_src=sender[None], att_dst=receiver[None], bias=bias[0])
    return (layer(x, index(graph)) * factors).sum()


def sage(x, own, neighbours, bias, factors, graph):
    layer = SAGEConv(*own.shape)
    put(layer, lin_l__weight=neighbours.T, lin_l__bias=bias[0], lin_r__weight=own.T)
    return (layer(x, index(graph)) * factors).sum()


def gin(x, weight, bias, epsilon, factors, graph):
    layer = GINConv(torch.nn.Sequential(torch.nn.Linear(*weight.T.shape), torch.nn.ReLU()), train_eps=True)
    put(layer, nn__0__weight=weight, nn__0__bias=bias[0], eps=epsilon)
    return (layer(x, index(graph)) * factors).sum()


def appnp(x, weight, bias, factors, graph, steps, teleport):
    layer = APPNP(K=steps, alpha=teleport)
    return (layer(x @ weight + bias[0], index(graph)) * factors).sum()


def dagnn(x, weight, bias, gate, gate_bias, factors, graph, hops):
    # As in the authors' code: the hops are stacked and weighed by a sigmoid of a projection.
    step = APPNP(K=1, alpha=0.0)
    stack = [x @ weight + bias[0]]
    for _ in range(hops):
        stack.append(step(stack[-1], index(graph)))
    stack = torch.stack(stack, dim=1)
    shares = torch.sigmoid(stack @ gate + gate_bias[0]).transpose(1, 2)
    return ((shares @ stack).squeeze(1) * factors).sum()


def propagated(values, factors, graph, steps, share):
    spread = LabelPropagation(steps, share)
    return (spread(values, index(graph), post_step=lambda y: y) * factors).sum()


def corrected(probabilities, factors, graph, classes, known, share, steps, scale):
    model = CorrectAndSmooth(steps, share, steps, share, autoscale=scale is None, scale=scale or 1.0)
    mask = torch.zeros(len(probabilities), dtype=torch.bool)
    mask[known] = True
    truth = torch.tensor(classes)[mask]
    once = model.correct(probabilities.clone(), truth, mask, index(graph))
    return (model.smooth(once, truth, mask, index(graph)) * factors).sum()


def both_graphs(make, *shapes, **options):
    """A case for the small graph and one for the star; `shapes` follow the features `[nodes, 3]`."""
    result = []
    for seed, graph in enumerate([GRAPH, STAR]):
        inputs = [rows(10 * seed + i, graph["nodes"] if a == "V" else a, b) for i, (a, b) in enumerate(shapes)]
        result.append(case(make, {"graph": graph, **options}, *inputs))
    return result


write("GraphConvolution", SCRIPT, SOURCE, both_graphs(gcn, ("V", 3), (3, 4), (1, 4), ("V", 4)), "GraphsTests")
cases = []
for heads, averages, slope in [(1, False, 0.2), (3, False, 0.2), (2, True, 0.05)]:
    width = 2 if averages else 2 * heads
    cases += both_graphs(
        gat, ("V", 3), (3, 2 * heads), (heads, 2), (heads, 2), (1, width), ("V", width), heads=heads,
        averages=averages, slope=slope)
write("GraphAttention", SCRIPT, SOURCE, cases, "GraphsTests")
write("SAGEConvolution", SCRIPT, SOURCE, both_graphs(sage, ("V", 3), (3, 4), (3, 4), (1, 4), ("V", 4)), "GraphsTests")
write("GINConvolution", SCRIPT, SOURCE, both_graphs(gin, ("V", 3), (4, 3), (1, 4), (1, 1), ("V", 4)), "GraphsTests")
cases = [c for steps, teleport in [(1, 0.1), (10, 0.1), (5, 0.5), (0, 0.3)] for c in both_graphs(
    appnp, ("V", 3), (3, 4), (1, 4), ("V", 4), steps=steps, teleport=teleport)]
write("APPNP", SCRIPT, SOURCE, cases, "GraphsTests")
cases = [c for hops in [0, 1, 10] for c in both_graphs(
    dagnn, ("V", 3), (3, 4), (1, 4), (4, 1), (1, 1), ("V", 4), hops=hops)]
write("DAGNN", SCRIPT, "the authors' layer written with PyTorch Geometric 2.8.1", cases, "GraphsTests")
cases = [c for steps, share in [(1, 0.9), (50, 0.9), (3, 0.2)] for c in both_graphs(
    propagated, ("V", 3), ("V", 3), steps=steps, share=share)]
write("LabelPropagation", SCRIPT, SOURCE, cases, "GraphsTests")
cases = []
for scale in [None, 0.7]:
    # Without the node alone: the gradient of its scale, 1 in place of 1 / 0, is not a number.
    for graph, known in [({**GRAPH, "nodes": NODES - 1}, [0, 3, 5]), (STAR, [1, 2])]:
        classes = [(3 * i) % 4 % 3 for i in range(graph["nodes"])]
        inputs = [torch.softmax(rows(3, graph["nodes"], 3, 2.0), 1), rows(4, graph["nodes"], 3)]
        cases.append(case(corrected, {
            "graph": graph, "classes": classes, "known": known, "share": 0.8, "steps": 5, "scale": scale}, *inputs))
write("CorrectAndSmooth", SCRIPT, SOURCE, cases, "GraphsTests")
