"""The same epochs as GraphBenchmark, in PyTorch Geometric; prints milliseconds or MB.

Networks are those of its examples for Planetoid data: dense features, dropout, cached normalisation.
"""
import lzma
import pathlib
import sys
import time

import numpy
import torch
import torch.nn.functional as F
from torch_geometric.nn import GATConv, GCNConv


def lines(folder, name):
    path = pathlib.Path(folder) / name
    if path.exists():
        return path.read_text().splitlines()
    return lzma.open(f"{path}.xz", "rt").read().splitlines()


def read(folder):
    rows = [line.split(" ") for line in lines(folder, "nodes.svm")]
    classes = torch.tensor([int(row[0]) if row[0].isdigit() else 0 for row in rows])
    pairs = [[(int(k), float(v)) for k, v in (p.split(":") for p in row[1:])] for row in rows]
    x = torch.zeros(len(rows), 1 + max(k for row in pairs for k, _ in row))
    for i, row in enumerate(pairs):
        for k, v in row:
            x[i, k] = v
    x /= x.sum(1, keepdim=True).clamp(min=1e-12)
    edges = torch.tensor([[int(n) for n in line.split("\t")] for line in lines(folder, "edges.tsv")]).T
    train = torch.tensor([int(n) for p, n in (line.split("\t") for line in lines(folder, "split.tsv")) if p == "train"])
    return x, torch.cat([edges, edges.flip(0)], 1), classes, train


class Network(torch.nn.Module):
    def __init__(self, kind, inputs, classes):
        super().__init__()
        self.is_attention = kind == "gat"
        if self.is_attention:
            self.first, self.second = GATConv(inputs, 8, 8, dropout=0.6), GATConv(64, classes, 1, concat=False, dropout=0.6)
        else:
            self.first, self.second = GCNConv(inputs, 16, cached=True), GCNConv(16, classes, cached=True)

    def forward(self, x, edges):
        p, act = (0.6, F.elu) if self.is_attention else (0.5, F.relu)
        x = act(self.first(F.dropout(x, p, self.training), edges))
        return self.second(F.dropout(x, p, self.training), edges)


def steps(kind, x, edges, classes, train, count):
    network = Network(kind, x.shape[1], count)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(network(x, edges)[train], classes[train]).backward()
        optimizer.step()
    return step


mode, kind = sys.argv[1:3]
if mode == "epochs":
    folder, threads, rounds = sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
    torch.set_num_threads(threads)
    x, edges, classes, train = read(folder)
    step = steps(kind, x, edges, classes, train, int(classes.max()) + 1)
    for _ in range(20):
        step()
    for _ in range(rounds):
        begun = time.perf_counter()
        for _ in range(50):
            step()
        print((time.perf_counter() - begun) * 20)
else:
    nodes, count, width = map(int, sys.argv[3:6])
    random = numpy.random.default_rng(7)
    edges = torch.from_numpy(random.integers(0, nodes, (2, count)))
    step = steps(
        kind, torch.randn(nodes, width), torch.cat([edges, edges.flip(0)], 1), torch.arange(nodes) % 10,
        torch.arange(nodes // 10), 10)
    for _ in range(3):
        step()
    with open("/proc/self/status") as status:
        print(next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM")))
