"""The cases that the goldens of the losses over labels share, and how they are written."""
import json
import pathlib

import torch

torch.set_default_dtype(torch.float64)


def inputs(seed, queries, labels, width, positives, temperature, bias=None, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    case = {
        "temperature": temperature,
        "positives": positives,
        "queries": scale * torch.randn(queries, width, generator=generator),
        "labels": torch.randn(labels, width, generator=generator),
    }
    if bias is not None:
        case["bias"] = bias + torch.randn(labels, generator=generator)
    return case


def cases():
    return [
        # The last label is a positive, several rows have several.
        inputs(1, 4, 6, 3, [[0, 5], [2], [1, 3, 5], [4]], 0.5, bias=0.0),
        # A row without positives, one with nothing else, one that names a label twice.
        inputs(2, 4, 5, 3, [[], [0, 1, 2, 3, 4], [2, 2, 0], [4]], 1.0),
        # Every score is far below -100.
        inputs(3, 3, 4, 2, [[3], [0, 1], [2]], 0.05, bias=-300.0, scale=0.5),
        inputs(4, 1, 2, 1, [[1]], 2.0, bias=0.0),
    ]


def write(name, script, source, loss_of, options=None):
    """PyTorch differentiates loss_of(scores, positives as sorted lists) with these options."""
    written = []
    for case in cases():
        leaves = {k: case[k].clone().requires_grad_() for k in ("queries", "labels", "bias") if k in case}
        scores = leaves["queries"] @ leaves["labels"].T / case["temperature"]
        if "bias" in leaves:
            scores = scores + leaves["bias"]
        value = loss_of(scores, [sorted(set(row)) for row in case["positives"]])
        value.backward()
        written.append({
            "options": {"temperature": case["temperature"], **(options or {})},
            "inputs": {"positives": case["positives"], **{k: v.detach().tolist() for k, v in leaves.items()}},
            "value": value.item(),
            "gradients": {k: v.grad.tolist() for k, v in leaves.items()},
        })
    path = pathlib.Path(__file__).parents[2] / f"Tests/ExtremeTests/Goldens/{name}.json"
    golden = {
        "source": source, "version": torch.__version__, "script": f"Scripts/goldens/{script}",
        "cases": written,
    }
    path.write_text(json.dumps(golden, indent=1) + "\n")
    print(path, *(case["value"] for case in written))
