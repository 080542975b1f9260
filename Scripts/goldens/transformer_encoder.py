#!/usr/bin/env python3
"""Writes Tests/ExtremeTests/Goldens/TransformerEncoder.json: a tiny BERT in float64."""
import json
import pathlib

import torch
import transformers
from transformers import BertConfig, BertModel

torch.set_default_dtype(torch.float64)
torch.manual_seed(5)


def encoded(t):
    return {"shape": list(t.shape), "values": t.detach().reshape(-1).tolist()}


TOKENS = [[2, 7, 11, 4, 9, 3], [2, 5, 3, 0, 0, 0], [2, 19, 19, 8, 3, 0]]
cases = []
for activation, full in [("gelu", False), ("gelu_new", True), ("relu", False)]:
    config = BertConfig(
        vocab_size=20, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12,
        max_position_embeddings=7, hidden_act=activation, layer_norm_eps=1e-12, attn_implementation="eager")
    model = BertModel(config, add_pooling_layer=False).double().eval()
    with torch.no_grad():
        for p in model.parameters():
            # Large enough that attention is far from uniform; few digits keep the file short.
            p.copy_(torch.round(p + 0.4 * torch.randn_like(p), decimals=2))
    tokens = torch.tensor(TOKENS)
    if full:
        tokens = torch.where(tokens == 0, 13, tokens)
    mask = (tokens != 0).long()
    vectors = model(input_ids=tokens, attention_mask=mask).last_hidden_state
    kept = mask.double().unsqueeze(2)
    mean = (vectors * kept).sum(1) / kept.sum(1)
    unit = torch.nn.functional.normalize(mean, dim=-1)
    factor = torch.sin(torch.arange(24.0)).reshape(3, 8)
    model.zero_grad()
    # Both poolings, so that the gradient of each is tested.
    ((unit + vectors[:, 0]) * factor).sum().backward()
    cases.append({
        "configuration": {
            k: getattr(config, k) for k in [
                "model_type", "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
                "max_position_embeddings", "type_vocab_size", "hidden_act", "layer_norm_eps", "hidden_dropout_prob"]},
        "tokens": tokens.tolist(), "isMasked": not full,
        "weights": {n: encoded(p) for n, p in model.named_parameters()},
        "first": encoded(vectors[:, 0]), "mean": encoded(mean), "unit": encoded(unit),
        "tokenVectors": encoded(vectors[0]),
        "gradients": {n: encoded(p.grad) for n, p in model.named_parameters()} if not full else {},
    })
golden = {
    "source": "transformers (PyPI), BertModel in float64", "version": f"{transformers.__version__}, PyTorch {torch.__version__}",
    "script": "Scripts/goldens/transformer_encoder.py", "cases": cases,
}
# The gradients of one case suffice for all parts that do not depend on the activation.
cases[2]["gradients"] = {n: g for n, g in cases[2]["gradients"].items() if "intermediate" in n}
target = pathlib.Path(__file__).parents[2] / "Tests/ExtremeTests/Goldens/TransformerEncoder.json"
target.write_text(json.dumps(golden, separators=(",", ":")).replace('{"configuration"', '\n{"configuration"') + "\n")
