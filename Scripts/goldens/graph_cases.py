"""Graphs and helpers of the goldens of methods over graphs."""
import torch

# A triangle with a tail, a pair, and a node alone.
NODES = 8
EDGES = [[0, 1], [1, 2], [0, 2], [2, 3], [3, 4], [5, 6]]
GRAPH = {"nodes": NODES, "edges": EDGES}
# A star: its centre has all others.
STAR = {"nodes": 6, "edges": [[0, i] for i in range(1, 6)]}


def index(graph):
    edges = graph["edges"]
    return torch.tensor(edges + [[b, a] for a, b in edges]).T


def put(module, **values):
    """Replaces parameters by tensors that receive gradients."""
    for name, value in values.items():
        owner, names = module, name.split("__")
        for part in names[:-1]:
            owner = getattr(owner, part)
        delattr(owner, names[-1])
        setattr(owner, names[-1], value)
    return module
