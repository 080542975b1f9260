#!/usr/bin/env python3
"""Writes Tests/NoiseTests/Goldens/SelfTaughtRescaling.json: the equations in PyTorch, differentiated twice.

    Scripts/goldens/self_taught_rescaling.py
"""
import json
import math
import pathlib

import torch

torch.set_default_dtype(torch.float64)
ROOT = pathlib.Path(__file__).parents[2]


def case(seed, rows, classes, width, step):
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator)

    batch, other = draw(rows, 4), draw(rows + 1, 4)
    given, judged = [torch.randint(classes, (n,), generator=generator) for n in (rows, rows + 1)]
    model = [draw(4, classes), draw(classes)]
    omega = [draw(width, 3), draw(width), draw(1, width), draw(1)]
    for tensor in model + omega:
        tensor.requires_grad_()

    def scores(inputs, parameters):
        return inputs @ parameters[0] + parameters[1]

    logs = scores(batch, model).log_softmax(1)
    own = logs.gather(1, given[:, None])[:, 0]
    p = logs.detach().exp()
    others = p.masked_fill(torch.nn.functional.one_hot(given, classes).bool(), -1).max(1).values
    entropy = -(p * logs.detach()).sum(1)
    features = torch.stack([-own.detach(), own.detach().exp() - others, 1 - entropy / math.log(classes)], 1)
    scales = ((features @ omega[0].T + omega[1]).tanh() @ omega[2].T + omega[3]).sigmoid()[:, 0]
    loss = (scales / scales.sum() * -own).sum()
    slopes = torch.autograd.grad(loss, model, create_graph=True)
    moved = [value - step * slope for value, slope in zip(model, slopes)]
    meta = torch.nn.functional.cross_entropy(scores(other, moved), judged)
    gradients = torch.autograd.grad(meta, omega)
    return {
        "step": step, "batch": batch.tolist(), "validation": other.tolist(), "classes": given.tolist(),
        "validationClasses": judged.tolist(), "model": [x.tolist() for x in model[:1]],
        "bias": model[1].tolist(), "hidden": omega[0].tolist(), "hiddenBias": omega[1].tolist(),
        "output": omega[2].tolist(), "outputBias": omega[3].tolist(), "scales": scales.tolist(),
        "loss": loss.item(), "metaLoss": meta.item(),
        "gradients": [x.reshape(-1).tolist() for x in gradients]}


(ROOT / "Tests/NoiseTests/Goldens/SelfTaughtRescaling.json").write_text(json.dumps({
    "source": "PyTorch from the equations", "version": torch.__version__,
    "script": "Scripts/goldens/self_taught_rescaling.py",
    "cases": [case(1, 6, 3, 4, 0.5), case(2, 3, 2, 2, 2.0), case(3, 1, 5, 3, 0.1)]}) + "\n", encoding="utf-8")
