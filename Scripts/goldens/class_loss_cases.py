"""Cases of losses over named matrices and classes, as ClassLossChecks.swift reads them."""
import json
import pathlib

import torch

ROOT = pathlib.Path(__file__).parents[2]


def matrix(seed, rows, width):
    """A matrix that is the same on every machine."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, width, generator=generator, dtype=torch.float64)


def case(loss, inputs, classes=None, options=None, kind=None):
    """The value of `loss` at the inputs, and its gradients."""
    leaves = {name: tensor.detach().clone().requires_grad_() for name, tensor in inputs.items()}
    value = loss(**leaves)
    value.backward()
    return {
        "options": options or {}, "kind": kind,
        "inputs": {name: leaf.tolist() for name, leaf in leaves.items()}, "classes": classes,
        "value": value.item(),
        "gradients": {
            name: leaf.grad.tolist() for name, leaf in leaves.items() if leaf.grad is not None}}


def write(name, source, version, script, cases):
    """Writes Tests/ContrastiveTests/Goldens/NAME.json."""
    path = ROOT / f"Tests/ContrastiveTests/Goldens/{name}.json"
    path.write_text(json.dumps({
        "source": source, "version": version, "script": f"Scripts/goldens/{script}",
        "cases": cases}) + "\n", encoding="utf-8")
