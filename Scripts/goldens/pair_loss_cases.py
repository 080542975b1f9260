"""Computes and writes the goldens of the losses over the rows of a batch."""
import json
import pathlib

import torch

torch.set_default_dtype(torch.float64)


def rows(seed, count, width, scale=1.0):
    return scale * torch.randn(count, width, generator=torch.Generator().manual_seed(seed))


def unit(x):
    return torch.nn.functional.normalize(x, dim=-1)


def case(loss, options, *inputs):
    """The value of loss(*inputs, **options) and its gradient at every input."""
    leaves = [x.clone().requires_grad_() for x in inputs]
    value = loss(*leaves, **options)
    value.backward()
    slopes = [torch.zeros_like(x) if x.grad is None else x.grad for x in leaves]
    return {
        "options": options, "inputs": [x.tolist() for x in inputs], "value": value.item(),
        "gradients": [x.tolist() for x in slopes]}


def write(name, script, source, cases, tests="ContrastiveTests"):
    path = pathlib.Path(__file__).parents[2] / f"Tests/{tests}/Goldens/{name}.json"
    path.write_text(json.dumps({
        "source": source, "version": torch.__version__, "script": f"Scripts/goldens/{script}",
        "cases": cases}) + "\n")
