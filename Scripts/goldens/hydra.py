#!/usr/bin/env python3
"""Writes the goldens of HydraGate and HydraLoss: PyTorch's layers, and a gated row for each pair."""
import torch
from pair_loss_cases import case, rows, unit, write


def loss(z, gates, temperature, classes, partners):
    scores = torch.stack([
        unit(gates[i] * z) @ unit(gates[i] * z[i]) for i in range(len(z))]) / temperature
    terms = []
    for i in range(len(z)):
        pushed = [scores[i, k] for k, name in enumerate(classes)
                  if name not in (classes[i], partners[i])]
        for j, name in enumerate(classes):
            if name == partners[i]:
                terms.append(torch.stack([scores[i, j]] + pushed).logsumexp(0) - scores[i, j])
    return torch.stack(terms).mean()


write("HydraLoss", "hydra.py", "the authors' formula in PyTorch", [
    case(loss, {"temperature": t, "classes": a, "partners": b}, rows(s, len(a), 3),
         rows(s + 10, len(a), 3).sigmoid())
    for s, t, a, b in [
        (1, 0.1, [0, 1, 2, 0, 1], [1, 0, 0, 2, 2]), (2, 0.5, [4, 4, 7], [4, 7, 7]),
        (3, 2.0, [0, 1, 2, 3], [3, 2, 1, 0])]])

cases = []
for seed, training in [(1, True), (2, False)]:
    torch.manual_seed(seed)
    table = torch.nn.Embedding(4, 3)
    network = torch.nn.Sequential(
        torch.nn.ReLU(), torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 5), torch.nn.ReLU(),
        torch.nn.BatchNorm1d(5), torch.nn.Linear(5, 2))
    for layer in (network[1], network[4]):
        layer.running_mean.normal_()
        layer.running_var.uniform_(0.5, 2)
    network.train(training)
    classes, partners, weights = [0, 1, 3, 3], [2, 1, 0, 1], rows(seed, 4, 2)
    state = {"classes.weight": table.weight} | {
        f"network.{k}": v.clone() for k, v in network.state_dict().items() if "num" not in k}
    gates = network((table(torch.tensor(classes)) + table(torch.tensor(partners))) / 2).sigmoid()
    (gates * weights).sum().backward()
    slopes = {"classes.weight": table.weight.grad} | {
        f"network.{k}": v.grad for k, v in network.named_parameters()}
    cases.append({
        "isTraining": training, "classes": classes, "partners": partners,
        "weights": weights.tolist(), "gates": gates.tolist(),
        "state": {k: {"shape": list(v.shape), "values": v.flatten().tolist()} for k, v in state.items()},
        "gradients": {k: v.flatten().tolist() for k, v in slopes.items()}})
write("HydraGate", "hydra.py", "PyTorch Embedding, BatchNorm1d, Linear", cases)
