#!/usr/bin/env python3
"""Writes the goldens of the encoders of images and series and of the projection head.

Networks of torch.nn in float64. The weights are not random: element j of the tensor NAME is
0.4 sin(s + j) with s the sum of NAME's bytes modulo 97, plus 1 for scales and variances; inputs are
sin(0.7 j). A gradient starts with cos(0, 1, 2, ...), and is recorded as its sum and its inner product
with cos(0, 1, 2, ...).
"""
import json
import pathlib

import torch
from torch import nn

torch.set_default_dtype(torch.float64)
GOLDENS = pathlib.Path(__file__).parents[2] / "Tests/ContrastiveTests/Goldens"


def encoded(t):
    return {"shape": list(t.shape), "values": t.detach().reshape(-1).tolist()}


def fill(network):
    for name, tensor in network.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        start = sum(name.encode()) % 97
        values = 0.4 * torch.sin(start + torch.arange(float(tensor.numel())))
        if name.endswith("running_var") or (name.endswith("weight") and tensor.dim() == 1):
            values = 1 + values
        tensor.copy_(values.reshape(tensor.shape))


def case(options, network, shape):
    with torch.no_grad():
        fill(network)
    network.train()
    x = torch.sin(0.7 * torch.arange(float(torch.Size(shape).numel()))).reshape(shape)
    x.requires_grad_()
    value = network(x)
    value.backward(torch.cos(torch.arange(float(value.numel()))).reshape(value.shape))

    def told(g):
        flat = g.reshape(-1)
        return [flat.sum().item(), (flat * torch.cos(torch.arange(float(len(flat))))).sum().item()]

    running = {n: b.tolist() for n, b in network.named_buffers() if "num" not in n}
    network.eval()
    return {
        "options": options, "shape": shape, "training": encoded(value),
        "afterwards": encoded(network(x)), "ofInput": told(x.grad),
        "ofParameters": {n: told(p.grad) for n, p in network.named_parameters()},
        "running": running}


def write(name, cases):
    (GOLDENS / f"{name}.json").write_text(json.dumps({
        "source": "PyTorch torch.nn", "version": torch.__version__.split("+")[0],
        "script": "Scripts/goldens/encoders.py", "cases": cases}) + "\n")


class Brick(nn.Module):
    def __init__(self, make, norm, inputs, outputs, kernel):
        super().__init__()
        self.convolution = make(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        self.norm = norm(outputs)

    def forward(self, x):
        return self.norm(self.convolution(x))


class Convolutional(nn.Module):
    def __init__(self, channels, widths):
        super().__init__()
        self.blocks = nn.ModuleList(
            Brick(nn.Conv2d, nn.BatchNorm2d, a, b, 3) for a, b in zip([channels] + widths, widths))

    def forward(self, x):
        for i, block in enumerate(self.blocks):
            x = block(x).relu()
            if i + 1 < len(self.blocks):
                x = nn.functional.max_pool2d(x, 2)
        return x.mean((2, 3))


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        h = self.bn1(self.conv1(x)).relu()
        return (self.bn2(self.conv2(h)) + shortcut).relu()


class ResNet(nn.Module):
    def __init__(self, channels, width, blocks):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        inputs, self.stages = width, len(blocks)
        for stage, count in enumerate(blocks):
            outputs, layers = width * 2 ** stage, []
            for place in range(count):
                layers.append(BasicBlock(inputs, outputs, 2 if stage and not place else 1))
                inputs = outputs
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))

    def forward(self, x):
        x = self.bn1(self.conv1(x)).relu()
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        return x.mean((2, 3))


class Series(nn.Module):
    def __init__(self, channels, widths, kernels, residual):
        super().__init__()
        self.blocks = nn.ModuleList()
        for i, (a, b) in enumerate(zip([channels] + widths, widths)):
            block = nn.Module()
            for j, k in enumerate(kernels if residual else [kernels[i]]):
                block.add_module(str(j), Brick(nn.Conv1d, nn.BatchNorm1d, b if j else a, b, k))
            if residual:
                block.shortcut = Brick(nn.Conv1d, nn.BatchNorm1d, a, b, 1)
            self.blocks.append(block)

    def forward(self, x):
        for block in self.blocks:
            parts = dict(block.named_children())
            shortcut = parts.pop("shortcut", None)
            h = x
            for j in range(len(parts)):
                h = parts[str(j)](h if j == 0 else h.relu())
            x = (h if shortcut is None else h + shortcut(x)).relu()
        return x.mean(2)


class Step(nn.Module):
    def __init__(self, inputs, outputs, bias, norm, affine, rectified):
        super().__init__()
        self.linear = nn.Linear(inputs, outputs, bias=bias)
        if norm:
            self.norm = nn.BatchNorm1d(outputs, affine=affine)
        self.normalized, self.rectified = norm, rectified

    def forward(self, x):
        x = self.linear(x)
        if self.normalized:
            x = self.norm(x)
        return x.relu() if self.rectified else x


def head(inputs, hidden, outputs, layers, output):
    steps = []
    for place in range(layers):
        last = place == layers - 1
        steps.append(Step(
            hidden if place else inputs, outputs if last else hidden, last and output == "offset",
            not last or output in ("normalized", "affine"), not last or output == "affine",
            not last))
    return nn.Sequential(*steps)


class Adapter(nn.Module):
    """The layers after the scattering transform: their input is the transform's output."""

    def __init__(self, channels, width, stages, blocks, fields):
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 3, 1, 1, bias=False)
        self.bn = nn.BatchNorm2d(width)
        self.blocks = nn.Sequential()
        for outputs in stages:
            for _ in range(blocks):
                self.blocks.append(BasicBlock(width, outputs, 1))
                width = outputs
        self.pool = nn.AdaptiveAvgPool2d(fields)

    def forward(self, x):
        return self.pool(self.blocks(self.bn(self.conv(x)).relu())).flatten(1)


class Pretext(nn.Module):
    def __init__(self, inputs, classes, tiles, width, jointWidth):
        super().__init__()
        self.first = nn.Linear(inputs, width)
        self.second = nn.Linear(tiles * width, jointWidth)
        self.last = nn.Linear(jointWidth, classes)
        self.tiles = tiles

    def forward(self, x):
        parts = self.first(x).relu().unflatten(0, (-1, self.tiles))
        return self.last(self.second(torch.cat(parts.unbind(1), 1)).relu())


write("ConvolutionalEncoder", [
    case({"channels": c, "widths": w}, Convolutional(c, w), s)
    for c, w, s in [(1, [2, 3], [3, 1, 5, 6]), (2, [3], [2, 2, 3, 3]),
                    (1, [2, 2, 3, 2], [2, 1, 8, 9])]])
write("ResNetEncoder", [
    case({"channels": c, "width": w, "blocks": b}, ResNet(c, w, b), s)
    for c, w, b, s in [(1, 2, [1, 1], [3, 1, 5, 6]), (3, 2, [2, 1, 1], [2, 3, 6, 4]),
                       (1, 1, [2, 2, 2, 2], [2, 1, 16, 16])]])
write("SeriesEncoder", [
    case({"channels": c, "widths": w, "kernels": k, "isResidual": r}, Series(c, w, k, r), s)
    for c, w, k, r, s in [(1, [2, 3, 2], [7, 5, 3], False, [3, 1, 9]),
                          (2, [2, 3], [5, 3], True, [3, 2, 8])]])
write("ProjectionHead", [
    case({"inputs": i, "hidden": h, "outputs": o, "layers": n, "output": e}, head(i, h, o, n, e),
         [4, i])
    for i, h, o, n, e in [(3, 4, 2, 2, "plain"), (3, 3, 2, 3, "normalized"), (2, 5, 2, 1, "offset"),
                          (4, 1, 4, 2, "offset"), (3, 3, 2, 2, "affine")]])
write("ScatteringEncoder", [
    case({"transform": {"height": 4 * h, "width": 4 * w, "scales": 2, "angles": 1}, "channels": c,
          "width": n, "stages": s, "blocks": b, "fields": f}, Adapter(4 * c, n, s, b, f),
         [2, 4 * c, h, w])
    for c, n, s, b, f, h, w in [(1, 2, [2, 3], 1, 2, 3, 3), (2, 2, [3], 2, 4, 5, 4)]])
write("PretextHead", [
    case({"inputs": i, "classes": k, "tiles": t, "width": w, "jointWidth": j, "dropout": 0.0,
          "weight": 0.3}, Pretext(i, k, t, w, j), [3 * t, i])
    for i, k, t, w, j in [(3, 4, 1, 5, 3), (2, 3, 4, 3, 4)]])


class Attention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        widths = [channels, max(channels // 8, 1), max(channels // 32, 1), 1]
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in zip(widths, widths[1:]))

    def forward(self, x):
        inner = torch.relu(self.layers[1](torch.relu(self.layers[0](x))))
        return x * torch.sigmoid(self.layers[2](inner))


write("SpatialAttention", [
    case({"channels": channels}, Attention(channels), [2, channels, *size])
    for channels, size in [(3, (4, 5)), (34, (2, 3))]])
