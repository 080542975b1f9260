#!/usr/bin/env python3
"""Writes Tests/TorchTests/Goldens/Convolutions.json.

Convolutions, poolings and batch normalisation of torch.nn in float64: values, gradients (of a
sum weighted by cos(0, 1, 2, ...)), running statistics, and fresh weights by seed.
"""
import json
import pathlib

import torch
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)


def encoded(t):
    return {"shape": list(t.shape), "values": t.detach().double().reshape(-1).tolist()}


generator = torch.Generator().manual_seed(3)
cases = []


def draw(*shape):
    return torch.randn(*shape, generator=generator).requires_grad_()


def case(name, function, *inputs, buffers=()):
    before = [b.clone() for b in buffers]
    value = function(*inputs)
    start = torch.cos(torch.arange(float(value.numel()))).reshape(value.shape)
    gradients = torch.autograd.grad(value, inputs, start)
    cases.append({
        "name": name, "inputs": [encoded(t) for t in inputs], "value": encoded(value),
        "gradients": [encoded(t) for t in gradients],
        "before": [encoded(t) for t in before], "after": [encoded(t) for t in buffers]})


case("series", lambda x, w, b: F.conv1d(x, w, b), draw(2, 2, 6), draw(3, 2, 3), draw(3))
case("series strided", lambda x, w: F.conv1d(x, w, None, 2, 3, 2, 2),
     draw(1, 4, 6), draw(2, 2, 3))
case("images", lambda x, w, b: F.conv2d(x, w, b), draw(2, 2, 3, 4), draw(2, 2, 3, 3), draw(2))
case("images strided", lambda x, w: F.conv2d(x, w, None, 2, 1), draw(1, 2, 5, 4), draw(2, 2, 3, 3))
case("images grouped", lambda x, w, b: F.conv2d(x, w, b, 1, 2, 2, 2),
     draw(1, 4, 3, 4), draw(2, 2, 2, 2), draw(2))
case("maximum of series", lambda x: F.max_pool1d(x, 3, 2, 1), draw(1, 2, 7))
case("maximum of images", lambda x: F.max_pool2d(x, 2), draw(1, 2, 5, 4))
case("maximum of images padded", lambda x: F.max_pool2d(x, 3, 2, 1), draw(1, 1, 5, 4))
case("mean of series", lambda x: F.avg_pool1d(x, 3, 2, 1), draw(1, 2, 7))
case("mean of images", lambda x: F.avg_pool2d(x, 2), draw(1, 2, 5, 4))
case("mean of images padded", lambda x: F.avg_pool2d(x, 3, 1, 1), draw(1, 2, 3, 4))
case("mean of all", lambda x: F.adaptive_avg_pool2d(x, 1).flatten(1), draw(2, 2, 3, 2))
for shape in [(4, 3), (2, 3, 3), (2, 3, 2, 2)]:
    for training in [True, False]:
        mean, variance = torch.randn(3, generator=generator), torch.rand(3, generator=generator)
        case(
            f"norm {'training' if training else 'afterwards'} {len(shape)}",
            lambda x, w, b: F.batch_norm(x, mean, variance, w, b, training, 0.2, 1e-3),
            draw(*shape), draw(3), draw(3), buffers=(mean, variance))


def fresh(name, make, dtype=torch.float64):
    torch.set_default_dtype(dtype)
    torch.manual_seed(11)
    tensors = [encoded(p) for p in make().parameters()]
    torch.set_default_dtype(torch.float64)
    fresh_cases.append({"name": name, "tensors": tensors})


fresh_cases = []
fresh("series", lambda: nn.Conv1d(2, 3, 5))
fresh("images", lambda: nn.Conv2d(2, 4, 3, groups=2))
fresh("images without offsets", lambda: nn.Conv2d(3, 2, 3, bias=False))
fresh("single", lambda: nn.Conv2d(1, 2, 2), torch.float32)
fresh("norm", lambda: nn.BatchNorm2d(3))
target = pathlib.Path(__file__).parents[2] / "Tests/TorchTests/Goldens/Convolutions.json"
target.write_text(json.dumps({
    "source": "PyTorch torch.nn", "version": torch.__version__.split("+")[0],
    "script": "Scripts/goldens/convolutions.py",
    "cases": [{"operators": cases, "fresh": fresh_cases}]}) + "\n")
