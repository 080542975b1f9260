#!/usr/bin/env python3
"""Values and gradients of LaSOLoss in PyTorch, float64, term by term as the authors train."""
import json
import pathlib

import torch
from torch import nn

torch.set_default_dtype(torch.float64)
torch.manual_seed(4)
D, H, L, B = 3, 4, 3, 4


class Network(nn.Module):
    def __init__(self, layers, rectified):
        super().__init__()
        self.first = nn.Linear(2 * D, H)
        self.norms = nn.ModuleList(nn.LayerNorm(H) for _ in range(layers))
        self.linears = nn.ModuleList(nn.Linear(H, H) for _ in range(layers))
        self.last = nn.Linear(H, D)
        self.rectified = rectified

    def forward(self, a, b):
        h = nn.functional.leaky_relu(self.first(torch.cat((a, b), 1)), 0.2)
        for norm, linear in zip(self.norms, self.linears):
            h = nn.functional.leaky_relu(linear(norm(h)), 0.2)
        z = self.last(h)
        return torch.relu(z) if self.rectified else z

    def named(self, prefix):
        yield from ((f"{prefix}.first.{n}", p) for n, p in self.first.named_parameters())
        for i, (norm, linear) in enumerate(zip(self.norms, self.linears), 1):
            yield from ((f"{prefix}.{i}.norm.{n}", p) for n, p in norm.named_parameters())
            yield from ((f"{prefix}.{i}.linear.{n}", p) for n, p in linear.named_parameters())
        yield from ((f"{prefix}.last.{n}", p) for n, p in self.last.named_parameters())


def encoded(t):
    return {"shape": list(t.shape), "values": t.detach().reshape(-1).tolist()}


cases = []
for layers, rectified, weight, tautology in (
    (1, False, 1.0, 1.0), (2, True, 0.3, 1.0), (1, False, 0.5, 0.0), (0, False, 2.0, 0.25),
):
    U, I, S = (Network(layers, rectified) for _ in range(3))
    named = {**dict(U.named("union")), **dict(I.named("intersection")),
             **dict(S.named("subtraction"))}
    for name, p in named.items():
        if "norm" in name:
            p.data += 0.1 * torch.randn_like(p)
    head = nn.Linear(D, L)
    a, b = (torch.randn(B, D, requires_grad=True) for _ in range(2))
    A, Z = ((torch.rand(B, L) < 0.5).double() for _ in range(2))
    bce = nn.MultiLabelSoftMarginLoss()
    mse = nn.MSELoss()
    a_S_b, b_S_a, a_I_b, b_I_a, a_U_b, b_U_a = S(a, b), S(b, a), I(a, b), I(b, a), U(a, b), U(b, a)
    out_a, out_b = U(S(a, b_I_a), a_I_b), U(S(b, a_I_b), b_I_a)
    both, either = A * Z, torch.maximum(A, Z)
    only_a, only_z = A * (1 - Z), Z * (1 - A)
    c = lambda vectors, labels: bce(head(vectors), labels)
    loss = c(a, A) + c(b, Z) + c(out_a, A) + c(out_b, Z)
    loss = loss + c(a_S_b, only_a) + c(b_S_a, only_z) + c(a_U_b, either) + c(b_U_a, either)
    loss = loss + c(a_I_b, both) + c(b_I_a, both)
    nested = 0
    for vector, partner, s, i, other_i, u, only in (
        (a, b, a_S_b, a_I_b, b_I_a, a_U_b, only_a), (b, a, b_S_a, b_I_a, a_I_b, b_U_a, only_z),
    ):
        nested = nested + c(U(u, partner), either) + c(I(i, partner), both)
        for way in (S(s, partner), S(vector, i), S(vector, other_i)):
            nested = nested + c(way, only) + weight * mse(s, way)
    loss = loss + tautology * nested
    loss = loss + weight * (
        mse(a_U_b, b_U_a) + mse(a_I_b, b_I_a) + mse(a, out_a) + mse(b, out_b))
    loss.backward()
    cases.append({
        "layers": layers, "isRectified": rectified, "reconstructionWeight": weight,
        "tautologyWeight": tautology, "first": encoded(a), "second": encoded(b),
        "firstLabels": encoded(A), "secondLabels": encoded(Z),
        "parameters": {name: encoded(p) for name, p in named.items()},
        "head": {"weight": encoded(head.weight), "bias": encoded(head.bias)},
        "union": encoded(a_U_b), "intersection": encoded(a_I_b), "subtraction": encoded(a_S_b),
        "value": loss.item(),
        "gradients": {
            "first": encoded(a.grad), "second": encoded(b.grad),
            "head": encoded(head.weight.grad),
            **{name: encoded(p.grad) for name, p in named.items()}},
    })
golden = {
    "source": "PyTorch, after scripts_coco/train_setops_stripped.py of the authors",
    "version": torch.__version__.split("+")[0], "script": "Scripts/goldens/laso.py",
    "cases": cases,
}
target = pathlib.Path(__file__).parents[2] / "Tests/ExtremeTests/Goldens/LaSOLoss.json"
target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
