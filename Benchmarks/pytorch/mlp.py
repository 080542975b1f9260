"""The counterpart of Perceptrons.swift: the same steps in PyTorch, eager, fused AdamW."""
import time

import torch
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(1)


def microseconds(warmup, count, body):
    for _ in range(warmup):
        body()
    start = time.process_time()
    for _ in range(count):
        body()
    return (time.process_time() - start) * 1e6 / count


a, b = torch.ones(16), torch.ones(16)
print("add-16", microseconds(1000, 100_000, lambda: a + b))

for inputs, hidden, batch, count in [(784, 256, 128, 300), (64, 64, 16, 3000)]:
    model = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, 10))
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    x = torch.randn(batch, inputs)
    y = torch.randint(0, 10, (batch,))
    criterion = nn.CrossEntropyLoss()

    def step():
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()

    print(f"mlp-{inputs}-{hidden}-10-batch-{batch}", microseconds(count // 5, count, step))

    h, g = torch.randn(batch, hidden), torch.randn(batch, 10)
    first, second = torch.randn(hidden, inputs), torch.randn(10, hidden)

    def products():
        return x @ first.T, h @ second.T, g.T @ h, g @ second, h.T @ x

    with torch.no_grad():
        print(f"mlp-{inputs}-{hidden}-10-batch-{batch}-products",
              microseconds(count // 5, count, products))
