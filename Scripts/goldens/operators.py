#!/usr/bin/env python3
"""Values, gradients and second-order gradients of tensor operators by PyTorch, in float64.

A case is inputs and a function. The gradient starts with u = cos(0, 1, 2, …) in the value's shape;
the second-order gradient is that of Σ g · sin(1, 2, 3, …) over the gradients g of all inputs.
"""
import json
import pathlib

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
draw = torch.Generator().manual_seed(20)
NAMES = {
    torch.float64: "float64", torch.float32: "float32", torch.float16: "float16",
    torch.bfloat16: "bfloat16", torch.int64: "int64", torch.int32: "int32", torch.bool: "bool",
    torch.uint8: "uint8", torch.int8: "int8", torch.int16: "int16",
}
cases = []


def real(*shape):
    return torch.randn(*shape, generator=draw).mul(1000).round().div(1000)


def positive(*shape):
    return real(*shape).abs() + 0.125


def ints(*values, shape=None):
    t = torch.tensor(values, dtype=torch.int64)
    return t.reshape(shape) if shape else t


def encoded(t):
    t = t.detach()
    return {
        "dtype": NAMES[t.dtype], "shape": list(t.shape),
        "values": [float(x) for x in (t.to(torch.float64) + torch.zeros(1)).reshape(-1).tolist()],
    }


def case(name, function, *inputs):
    leaves = [
        t.clone().requires_grad_(t.dtype == torch.float64) for t in inputs
    ]
    value = function(*leaves)
    entry = {"name": name, "inputs": [encoded(t) for t in inputs], "value": encoded(value)}
    given = [t for t in leaves if t.requires_grad]
    if value.requires_grad and given:
        u = torch.cos(torch.arange(value.numel(), dtype=torch.float64)).reshape(value.shape)
        first = torch.autograd.grad(value, given, u, create_graph=True, allow_unused=True)
        entry["gradients"] = [None if g is None else encoded(g) for g in first]
        total = sum(
            (g * torch.sin(1 + torch.arange(g.numel(), dtype=torch.float64)).reshape(g.shape)).sum()
            for g in first if g is not None)
        if total.requires_grad:
            second = torch.autograd.grad(total, given, allow_unused=True)
            entry["secondGradients"] = [None if g is None else encoded(g) for g in second]
    cases.append(entry)


def generator():
    return torch.Generator().manual_seed(7)


# Arithmetic, with broadcasting.
for name, f in {
    "add": torch.add, "subtract": torch.sub, "multiply": torch.mul, "divide": torch.div,
    "maximum": torch.maximum, "minimum": torch.minimum,
}.items():
    case(name, f, real(2, 3), positive(2, 3))
    case(name + " broadcast", f, real(2, 1, 3), positive(4, 1))
case("divide integers", lambda x, y: torch.div(x, y).float(), ints(7, -7, 3), ints(2, 2, 4))
case("add number", lambda x: x + 1.5, real(3))
case("number add", lambda x: 1.5 + x, real(3))
case("subtract number", lambda x: x - 1.5, real(3))
case("number subtract", lambda x: 1.5 - x, real(3))
case("multiply number", lambda x: x * 1.5, real(3))
case("number multiply", lambda x: 1.5 * x, real(3))
case("divide number", lambda x: x / 1.5, real(3))
case("number divide", lambda x: 1.5 / x, positive(3))
case("negate", torch.neg, real(3))
case("clamped", lambda x: x.clamp(-0.5, 0.75), real(6))
case("clamped from", lambda x: x.clamp(min=0.1), real(6))
case("clamped to", lambda x: x.clamp(max=0.1), real(6))
case("power", lambda x: x**2.5, positive(4))
case("power whole", lambda x: x**3, real(4))
case("in place add", lambda x, y: (x * 1).add_(y), real(2, 3), real(3))
case("in place subtract", lambda x, y: (x * 1).sub_(y), real(2, 3), real(3))
case("in place multiply", lambda x, y: (x * 1).mul_(y), real(2, 3), real(3))
case("in place multiply number", lambda x: (x * 1).mul_(1.5), real(3))
case("in place add factor", lambda x, y: (x * 1).add_(y, alpha=0.25), real(3), real(3))
case("in place copy", lambda x, y: (x * 1).copy_(y), real(2, 3), real(3))
case("in place fill", lambda x: (x * 1).fill_(0.5), real(3))

# Functions of each element.
for name, f, x in [
    ("exp", torch.exp, real(4)), ("expMinusOne", torch.expm1, real(4)),
    ("log", torch.log, positive(4)), ("logOnePlus", torch.log1p, positive(4)),
    ("squareRoot", torch.sqrt, positive(4)), ("reciprocalSquareRoot", torch.rsqrt, positive(4)),
    ("squared", torch.square, real(4)), ("magnitude", torch.abs, real(4)),
    ("sign", torch.sign, torch.tensor([-2.0, 0, 3])), ("sine", torch.sin, real(4)),
    ("cosine", torch.cos, real(4)), ("tanh", torch.tanh, real(4)),
    ("sigmoid", torch.sigmoid, real(4)), ("logSigmoid", F.logsigmoid, real(4)),
    ("logSigmoid far", F.logsigmoid, torch.tensor([-800.0, 800.0])),
    ("softplus", F.softplus, real(4)), ("softplus far", F.softplus, torch.tensor([-800.0, 800.0])),
    ("relu", torch.relu, real(4)), ("gelu", F.gelu, real(4)), ("silu", F.silu, real(4)),
    ("errorFunction", torch.erf, real(4)), ("floor", torch.floor, real(4)),
    ("rounded", torch.round, torch.tensor([0.5, 1.5, -0.5, 2.4])),
]:
    case(name, f, x)
case("softmax", lambda x: x.softmax(1), real(2, 3))
case("softmax first axis", lambda x: x.softmax(0), real(2, 3))
case("logSoftmax", lambda x: x.log_softmax(-1), real(2, 3))
case("logSoftmax far", lambda x: x.log_softmax(-1), torch.tensor([[1e4, -1e4, 0.0]]))

# Comparisons.
a, b = ints(1, 2, 3, 4), ints(4, 2, 3, 1)
case("isEqual", torch.eq, a, b)
case("isEqual number", lambda x: x == 2, a)
case("isGreater", torch.gt, a, b)
case("isGreater number", lambda x: x > 2, a)
case("isLess", torch.lt, a, b)
case("isLess number", lambda x: x < 2, a)
case("logicalNot", torch.logical_not, a > 2)
case("logicalAnd", torch.logical_and, a > 2, b > 2)
case("logicalOr", torch.logical_or, a > 2, b > 2)
mask = torch.tensor([[True, False, True], [False, False, True]])
case("replacing", lambda x, y, m: torch.where(m, y, x), real(2, 3), real(3), mask)
case("replacing with number", lambda x, m: x.masked_fill(m, 0.5), real(2, 3), mask)

# Reductions.
for name, f in {
    "sum": lambda x: x.sum(), "sum along": lambda x: x.sum(1),
    "sum keeping": lambda x: x.sum(0, keepdim=True), "mean": lambda x: x.mean(),
    "mean along": lambda x: x.mean(-1), "maximum of all": lambda x: x.max(),
    "maximum along": lambda x: x.amax(1), "minimum of all": lambda x: x.min(),
    "minimum along": lambda x: x.amin(0, keepdim=True),
    "logSumExp": lambda x: x.logsumexp(1), "argmax": lambda x: x.argmax(1),
    "argmin": lambda x: x.argmin(0), "cumulativeSum": lambda x: x.cumsum(1),
    "variance": lambda x: x.var(1), "variance of elements": lambda x: x.var(0, correction=0),
    "norm": lambda x: x.norm(), "norm along": lambda x: x.norm(dim=1),
    "largest values": lambda x: x.topk(2, 1).values,
    "largest indices": lambda x: x.topk(2, 1).indices,
    "sorted values": lambda x: x.sort(1).values,
    "sorted indices": lambda x: x.sort(dim=0, descending=True, stable=True).indices,
    "normalized": lambda x: F.normalize(x, dim=1),
}.items():
    case(name, f, real(3, 4))
case("maximum along equal", lambda x: x.amax(1), torch.tensor([[1.0, 3, 3], [2, 2, 2]]))
case("logSumExp far", lambda x: x.logsumexp(0), torch.tensor([1e4, 1e4 - 1, -1e4]))
case("sorted equal indices", lambda x: x.sort(dim=0, stable=True).indices, ints(2, 1, 2, 1, 1))
case("normalized zero", lambda x: F.normalize(x, dim=1), torch.tensor([[3.0, 4.0], [1e-13, 0.0]]))

# Linear algebra.
case("matmul", torch.matmul, real(2, 3), real(3, 2))
case("matmul vector", torch.matmul, real(2, 3), real(3))
case("matmul batches", torch.matmul, real(2, 1, 2, 3), real(2, 3, 2))
case("matmul adding", lambda x, y, z: torch.addmm(z, x, y, alpha=0.5), real(2, 3), real(3, 2), real(2))
case("setToProduct", lambda x, y, z: torch.addmm(z, x, y, beta=0.25, alpha=0.5).detach(),
     real(2, 3), real(3, 2), real(2, 2))

# Shapes.
for name, f in {
    "reshaped": lambda x: x.reshape(4, -1), "permuted": lambda x: x.permute(2, 0, 1),
    "transposed": lambda x: x.transpose(-2, -1), "transposed axes": lambda x: x.transpose(0, 2),
    "expandingDimension": lambda x: x.unsqueeze(1), "slice": lambda x: x[:, :, 1:3],
    "subscript range": lambda x: x[1:2], "subscript index": lambda x: x[1],
    "contiguous": lambda x: x.transpose(0, 2).contiguous(), "copied": lambda x: x.clone(),
}.items():
    case(name, f, real(2, 2, 3))
case("squeezed", lambda x: x.squeeze(1), real(2, 1, 3))
case("expanded", lambda x: x.expand(2, 4, 3), real(2, 1, 3))
case("concatenated", lambda x, y: torch.cat([x, y], 1), real(2, 1), real(2, 2))
case("stacked", lambda x, y: torch.stack([x, y], 1), real(2, 3), real(2, 3))

# Indexing.
case("gathered rows", lambda x, i: x.index_select(0, i), real(3, 2), ints(2, 0, 2))
case("gathered along", lambda x, i: x.index_select(1, i), real(2, 3), ints(2, 2))
case("gathered at", lambda x, i: x.gather(1, i), real(2, 3), ints(2, 0, 1, 1, shape=(2, 2)))
case("elements at", lambda x, i: x.take(i), real(2, 3), ints(5, 0, 5, shape=(3, 1)))
case("addingRows", lambda x, y, i: x.index_add(0, i, y), real(3, 2), real(3, 2), ints(1, 1, 0))
case("addRowsInPlace", lambda x, y, i: (x * 1).index_add_(0, i, y, alpha=-0.5),
     real(3, 2), real(3, 2), ints(1, 1, 0))
case("scattering", lambda x, i: x.scatter(1, i, 0.5), real(2, 3), ints(2, 0, shape=(2, 1)))
case("scatterAdding", lambda x, y, i: x.scatter_add(1, i, y),
     real(2, 3), real(2, 2), ints(2, 2, 0, 1, shape=(2, 2)))
case("elements where", lambda x, m: x.masked_select(m), real(2, 3), mask)
case("nonzero", lambda m: m.nonzero(), mask)
case("oneHot", lambda i: F.one_hot(i, 4), ints(3, 0, 1))

# Networks.
case("linear", F.linear, real(2, 3), real(2, 3), real(2))
case("linear without bias", F.linear, real(2, 2, 3), real(2, 3))
case("crossEntropies", lambda x, c: F.cross_entropy(x, c, reduction="none"), real(3, 4), ints(3, 0, 1))
case("crossEntropy", F.cross_entropy, real(3, 4), ints(3, 0, 1))
case("crossEntropy smoothed", lambda x, c: F.cross_entropy(x, c, label_smoothing=0.1),
     real(3, 4), ints(3, 0, 1))
case("layerNormalized", lambda x, w, b: F.layer_norm(x, (4,), w, b, 1e-3), real(2, 4), real(4), real(4))
case("layerNormalized plainly", lambda x: F.layer_norm(x, (4,)), real(2, 4))
case("embedded", lambda w, i: F.embedding(i, w), real(3, 2), ints(2, 2, 0, 1, shape=(2, 2)))

# Creation; the same seed gives the same numbers.
case("range", lambda: torch.arange(-1, 3))
case("identity", lambda: torch.eye(2))
case("full", lambda: torch.full((2, 2), 0.5))
case("normal", lambda: torch.randn(3, 7, generator=generator()))
case("normal float32", lambda: torch.randn(3, 7, generator=generator(), dtype=torch.float32))
case("uniform", lambda: torch.empty(5).uniform_(-2, 3, generator=generator()))
case("integers", lambda: torch.randint(-3, 50, (6,), generator=generator()))
case("permutation", lambda: torch.randperm(9, generator=generator()))
case("bernoulli", lambda: torch.bernoulli(torch.zeros(12), 0.3, generator=generator()))


def dropped(x):
    torch.manual_seed(7)
    return F.dropout(x, 0.4)


case("droppedOut", dropped, real(3, 4))

# Conversions, rounding included.
numbers = torch.tensor([0.0, 1 / 3, -2.75, 2049.0, 65503.0, 1e-7, 200.0])
for dtype, name in NAMES.items():
    x = numbers if dtype.is_floating_point else numbers.clamp(-2.75, 120) if name != "uint8" else numbers.clamp(0, 250)
    case("converted to " + name, lambda x, d=dtype: x.detach().to(d), x)
    case("converted from " + name, lambda x: x.detach().to(torch.float64), x.to(dtype))
case("converted with gradient", lambda x: (x.to(torch.float32) * 2).to(torch.float64), ints(1, 2, 3).double())

golden = {
    "source": "PyTorch, float64 on the CPU", "version": torch.__version__.split("+")[0],
    "script": "Scripts/goldens/operators.py",
}
lines = [json.dumps(golden)[:-1] + ', "cases": [']
lines += [json.dumps(c) + ("," if i + 1 < len(cases) else "") for i, c in enumerate(cases)]
target = pathlib.Path(__file__).parents[2] / "Tests/TorchTests/Goldens/Operators.json"
target.write_text("\n".join(lines + ["]}"]) + "\n")
