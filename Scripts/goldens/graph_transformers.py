#!/usr/bin/env python3
"""Writes the goldens of GraphGPS: its layer and its encodings of nodes.

    Scripts/goldens/graph_transformers.py      (torch, torch_geometric 2.8.1)

The oracle is PyTorch Geometric in float64. A value is the sum of the outputs times fixed factors, the
last input, so that every output counts.
"""
import torch
from graph_cases import EDGES, put
from pair_loss_cases import case, rows, write
from torch_geometric.data import Data
from torch_geometric.nn import GINConv, GPSConv
from torch_geometric.transforms import AddLaplacianEigenvectorPE, AddRandomWalkPE

SCRIPT = "graph_transformers.py"
SOURCE = "PyTorch Geometric 2.8.1"
WIDTH = 4


def index(edges):
    return torch.tensor(edges + [[b, a] for a, b in edges]).T if edges else torch.zeros(2, 0, dtype=torch.long)


def gps(x, inner, inner_bias, query, query_bias, output, output_bias, hidden, hidden_bias, outer, outer_bias,
        scales, shifts, factors, sizes, edges, heads):
    local = GINConv(torch.nn.Sequential(torch.nn.Linear(WIDTH, WIDTH), torch.nn.ReLU()))
    layer = GPSConv(WIDTH, local, heads=heads)
    put(layer, conv__nn__0__weight=inner, conv__nn__0__bias=inner_bias[0], attn__in_proj_weight=query,
        attn__in_proj_bias=query_bias[0], attn__out_proj__weight=output, attn__out_proj__bias=output_bias[0],
        mlp__0__weight=hidden, mlp__0__bias=hidden_bias[0], mlp__3__weight=outer, mlp__3__bias=outer_bias[0])
    for i in range(3):
        put(layer, **{f"norm{i + 1}__module__weight": scales[i], f"norm{i + 1}__module__bias": shifts[i]})
    owners = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    return (layer(x, index(edges), owners) * factors).sum()


def walk(factors, nodes, edges, steps):
    data = Data(edge_index=index(edges), num_nodes=nodes)
    return (AddRandomWalkPE(steps)(data).random_walk_pe * factors).sum()


def laplacian(factors, nodes, edges, count):
    data = Data(edge_index=index(edges), num_nodes=nodes)
    found = AddLaplacianEigenvectorPE(count, is_undirected=True)
    torch.manual_seed(0)
    vectors = found(data).laplacian_eigenvector_pe
    # The first element that is not 0 is positive.
    first = vectors.gather(0, (vectors.abs() > 1e-9).double().argmax(0, keepdim=True))
    vectors = torch.nn.functional.pad(vectors * first.sign(), (0, count - vectors.shape[1]))
    return (vectors * factors).sum()


cases = []
for seed, (sizes, heads) in enumerate([([8], 1), ([5, 3], 2), ([4, 3, 1], 4)]):
    edges = [[a, b] for a, b in EDGES if [sum(a >= s for s in torch.tensor(sizes).cumsum(0))]
             == [sum(b >= s for s in torch.tensor(sizes).cumsum(0))]]
    shapes = [(8, WIDTH), (WIDTH, WIDTH), (1, WIDTH), (3 * WIDTH, WIDTH), (1, 3 * WIDTH), (WIDTH, WIDTH),
              (1, WIDTH), (2 * WIDTH, WIDTH), (1, 2 * WIDTH), (WIDTH, 2 * WIDTH), (1, WIDTH), (3, WIDTH),
              (3, WIDTH), (8, WIDTH)]
    inputs = [rows(100 * seed + i, *shape) for i, shape in enumerate(shapes)]
    cases.append(case(gps, {"sizes": sizes, "edges": edges, "heads": heads}, *inputs))
write("GPSLayer", SCRIPT, SOURCE, cases, "GraphsTests")

cases = []
for nodes, edges, steps in [(8, EDGES, 6), (6, [[0, i] for i in range(1, 6)], 3), (4, [[0, 1], [1, 2], [0, 2]], 1)]:
    options = {"graph": {"nodes": nodes, "edges": edges}, "steps": steps}
    made = case(lambda x, **_: walk(x, nodes, edges, steps), options, rows(steps, nodes, steps))
    cases.append(made)
write("RandomWalkEncoding", SCRIPT, SOURCE, cases, "GraphsTests")

cases = []
# Graphs whose eigenvalues differ, so that the vectors are unique but for their signs.
for nodes, edges, count in [(5, [[0, 1], [1, 2], [2, 3], [3, 4], [1, 3]], 3),
                            (7, [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [5, 6], [0, 2]], 4),
                            (3, [[0, 1], [1, 2]], 2)]:
    options = {"graph": {"nodes": nodes, "edges": edges}, "count": count}
    cases.append(case(lambda x, **_: laplacian(x, nodes, edges, count), options, rows(count, nodes, count)))
write("LaplacianEncoding", SCRIPT, SOURCE, cases, "GraphsTests")
