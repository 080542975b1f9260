#!/usr/bin/env python3
"""Parameters after 1, 2 and 10 steps of PyTorch's optimisers, in float64, with given gradients.

Sparse cases have one table and name the rows of each step; every third step of a dense case has
no gradient for the second parameter. Clipping cases have the clipped gradients.
"""
import json
import pathlib

import torch

torch.set_default_dtype(torch.float64)
draw = torch.Generator().manual_seed(31)


def real(*shape):
    return torch.randn(*shape, generator=draw).mul(1000).round().div(1000)


def encoded(t):
    return {"shape": list(t.shape), "values": t.detach().reshape(-1).tolist()}


STEPS = 10
KEPT = (1, 2, 10)
start = [real(3, 2), real(4)]
gradients = [[real(3, 2), real(4)] for _ in range(STEPS)]
table = real(5, 2)
rows = [sorted(torch.randperm(5, generator=draw)[: 1 + i % 3].tolist()) for i in range(STEPS)]
row_gradients = [real(len(r), 2) for r in rows]


def dense(name, make, options, skipping=False):
    parameters = [p.clone().requires_grad_() for p in start]
    optimizer = make(parameters)
    values = {}
    for step in range(STEPS):
        for i, p in enumerate(parameters):
            p.grad = None if skipping and i == 1 and step % 3 == 0 else gradients[step][i].clone()
        optimizer.step()
        if step + 1 in KEPT:
            values[str(step + 1)] = [encoded(p) for p in parameters]
    return {"name": name, "options": options, "skipping": skipping, "values": values}


def sparse(name, make, options):
    parameter = table.clone().requires_grad_()
    optimizer = make([parameter])
    values = {}
    for step in range(STEPS):
        parameter.grad = torch.sparse_coo_tensor(
            [rows[step]], row_gradients[step], (5, 2), is_coalesced=True)
        optimizer.step()
        if step + 1 in KEPT:
            values[str(step + 1)] = [encoded(parameter)]
    return {"name": name, "options": options, "skipping": False, "values": values}


O = torch.optim
cases = [
    dense("AdamW", lambda p: O.AdamW(p), {}),
    dense("AdamW", lambda p: O.AdamW(p, lr=0.1, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.2),
          {"learningRate": 0.1, "firstDecay": 0.8, "secondDecay": 0.95, "epsilon": 1e-3,
           "weightDecay": 0.2}),
    dense("AdamW", lambda p: O.AdamW(p, lr=0.1), {"learningRate": 0.1}, skipping=True),
    dense("SGD", lambda p: O.SGD(p), {}),
    dense("SGD", lambda p: O.SGD(p, lr=0.1, weight_decay=0.3), {"learningRate": 0.1, "weightDecay": 0.3}),
    dense("SGD", lambda p: O.SGD(p, lr=0.1, momentum=0.9), {"learningRate": 0.1, "momentum": 0.9}),
    dense("SGD", lambda p: O.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
          {"learningRate": 0.1, "momentum": 0.9, "isNesterov": 1, "weightDecay": 0.1}, skipping=True),
    sparse("SGD sparse", lambda p: O.SGD(p, lr=0.1), {"learningRate": 0.1}),
    sparse("SparseAdagrad", lambda p: O.Adagrad(p), {}),
    sparse("SparseAdagrad", lambda p: O.Adagrad(p, lr=0.2, eps=1e-2),
           {"learningRate": 0.2, "epsilon": 1e-2}),
    sparse("SparseAdam", lambda p: O.SparseAdam(p), {}),
    sparse("SparseAdam", lambda p: O.SparseAdam(p, lr=0.2, betas=(0.8, 0.95), eps=1e-2),
           {"learningRate": 0.2, "firstDecay": 0.8, "secondDecay": 0.95, "epsilon": 1e-2}),
]

clipping = []
for kind, limit in [("norm", 0.5), ("norm", 50.0), ("value", 0.4)]:
    parameters = [p.clone().requires_grad_() for p in start]
    for p, g in zip(parameters, gradients[0]):
        p.grad = g.clone()
    if kind == "norm":
        norm = float(torch.nn.utils.clip_grad_norm_(parameters, limit))
    else:
        norm = 0.0
        torch.nn.utils.clip_grad_value_(parameters, limit)
    clipping.append({"kind": kind, "limit": limit, "norm": norm,
                     "gradients": [encoded(p.grad) for p in parameters]})

golden = {
    "source": "PyTorch torch.optim, float64 on the CPU",
    "version": torch.__version__.split("+")[0], "script": "Scripts/goldens/optimizers.py",
    "cases": [{
        "start": [encoded(p) for p in start],
        "gradients": [[encoded(g) for g in step] for step in gradients],
        "table": encoded(table), "rows": rows, "rowGradients": [encoded(g) for g in row_gradients],
        "runs": cases, "clipping": clipping,
    }],
}
target = pathlib.Path(__file__).parents[2] / "Tests/TorchTests/Goldens/Optimizers.json"
target.write_text(json.dumps(golden, indent=None).replace('{"name"', '\n{"name"') + "\n")
