#!/usr/bin/env python3
"""Writes Tests/ExtremeTests/Goldens/TransformerTower.json: one step of a tiny BERT's training in float64."""
import json
import pathlib

import torch
import transformers
from transformers import BertConfig, BertModel

torch.set_default_dtype(torch.float64)
torch.manual_seed(11)


def encoded(t):
    return {"shape": list(t.shape), "values": t.detach().reshape(-1).tolist()}


def decoupled_softmax(scores, positives):
    rows = []
    for row, own in zip(scores, positives):
        others = [j for j in range(len(row)) if j not in own]
        rows.append(torch.stack([
            torch.logsumexp(torch.stack([row[p]] + [row[j] for j in others]), 0) - row[p] for p in own]).mean())
    return torch.stack(rows).mean()


TOKENS = [[2, 7, 11, 4, 9, 3], [2, 5, 3], [2, 19, 19, 8, 3], [2, 3], [2, 6, 3]]
POSITIVES = [[0, 2], [1], [3], [0], [2, 3]]
RATE, DECAY, LIMIT, PROJECTION_RATE = 0.01, 0.05, 0.05, 0.03
cases = []
for hidden in [None, 6]:
    config = BertConfig(
        vocab_size=20, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12,
        max_position_embeddings=7, layer_norm_eps=1e-12, attn_implementation="eager")
    model = BertModel(config, add_pooling_layer=False).double().eval()
    widths = [8] + ([hidden] if hidden else []) + [3]
    layers = [torch.nn.Linear(a, b) for a, b in zip(widths, widths[1:])]
    labels = torch.round(torch.randn(4, 3), decimals=2).requires_grad_()
    with torch.no_grad():
        for p in [*model.parameters(), *(p for l in layers for p in l.parameters())]:
            p.copy_(torch.round(p + 0.3 * torch.randn_like(p), decimals=2))
    projection = {f"projection.{i}.{n}": p for i, l in enumerate(layers) for n, p in l.named_parameters()}
    transformer = {f"transformer.{n}": p for n, p in model.named_parameters()}
    before = {n: encoded(p) for n, p in {**projection, **transformer}.items()}

    length = max(map(len, TOKENS))
    tokens = torch.tensor([t + [0] * (length - len(t)) for t in TOKENS])
    mask = torch.tensor([[1] * len(t) + [0] * (length - len(t)) for t in TOKENS])
    vectors = model(input_ids=tokens, attention_mask=mask).last_hidden_state
    kept = mask.double().unsqueeze(2)
    mean = (vectors * kept).sum(1) / kept.sum(1)
    z = torch.nn.functional.normalize(mean, dim=-1) * 8 ** 0.5
    for i, layer in enumerate(layers):
        z = layer(z if i == 0 else torch.relu(z))
    loss = decoupled_softmax(z @ labels.T, POSITIVES)
    loss.backward()
    gradients = {n: encoded(p.grad) for n, p in {**projection, **transformer}.items()}
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), LIMIT)
    torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY).step()
    torch.optim.AdamW(list(projection.values()), lr=PROJECTION_RATE, weight_decay=0).step()
    cases.append({
        "configuration": {
            k: getattr(config, k) for k in [
                "model_type", "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
                "max_position_embeddings", "type_vocab_size", "hidden_act", "layer_norm_eps"]},
        "hidden": hidden, "tokens": TOKENS, "positives": POSITIVES, "labels": encoded(labels), "before": before,
        "rate": RATE, "decay": DECAY, "limit": LIMIT, "projectionRate": PROJECTION_RATE,
        "embeddings": encoded(z), "loss": loss.item(), "norm": norm.item(), "labelGradient": encoded(labels.grad),
        "gradients": gradients, "after": {n: encoded(p) for n, p in {**projection, **transformer}.items()},
    })
# The transformer is the same for both cases; only one stores its gradients.
cases[0]["gradients"] = {n: g for n, g in cases[0]["gradients"].items() if n.startswith("projection")}
golden = {
    "source": "transformers (PyPI), BertModel, and torch.optim.AdamW in float64",
    "version": f"{transformers.__version__}, PyTorch {torch.__version__}",
    "script": "Scripts/goldens/transformer_tower.py", "cases": cases,
}
target = pathlib.Path(__file__).parents[2] / "Tests/ExtremeTests/Goldens/TransformerTower.json"
target.write_text(json.dumps(golden, separators=(",", ":")).replace('{"configuration"', '\n{"configuration"') + "\n")
