#!/usr/bin/env python3
"""Writes Tests/ContrastiveTests/Goldens/AdaptiveMultiHeadLoss.json: equation 2.1 row by row in PyTorch."""
import torch
from pair_loss_cases import rows, unit, write

cases = []
for seed, heads, count, low, high, beta in [
        (1, 2, 4, 0.1, 2.0, 0.1), (2, 1, 2, 0.05, 1.0, 0.0), (3, 3, 3, 0.5, 0.6, 1.0)]:
    torch.manual_seed(seed)
    first = [rows(seed + 10 * c, count, 2).requires_grad_() for c in range(heads)]
    second = [rows(seed + 10 * c + 5, count, 2).requires_grad_() for c in range(heads)]
    network = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))

    def part(a, b):
        tau = low + (high - low) * network(torch.cat([a, b])).sigmoid()[0]
        return a @ b / tau - beta * (2 / 2 * tau.log() + 1 / tau)

    total = torch.zeros(())
    for a, b in zip(first, second):
        z = unit(torch.cat([a, b]))
        for i in range(2 * count):
            others = [k for k in range(2 * count) if k % count != i % count]
            hard = max(others, key=lambda k: (z[i] @ z[k]).item())
            total = total + part(z[i], z[hard]) - part(z[i], z[(i + count) % (2 * count)])
    value = total / (2 * count)
    value.backward()
    cases.append({
        "lowest": low, "highest": high, "regularization": beta,
        "first": [x.tolist() for x in first], "second": [x.tolist() for x in second],
        "state": {f"network.{k}": {"shape": list(v.shape), "values": v.flatten().tolist()}
                  for k, v in network.state_dict().items()},
        "value": value.item(), "ofFirst": [x.grad.tolist() for x in first],
        "ofSecond": [x.grad.tolist() for x in second],
        "gradients": {f"network.{k}": v.grad.flatten().tolist()
                      for k, v in network.named_parameters()}})
write("AdaptiveMultiHeadLoss", "adaptive_multi_head.py", "equation 2.1 in PyTorch", cases)
