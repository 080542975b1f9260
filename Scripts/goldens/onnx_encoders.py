#!/usr/bin/env python3
"""Writes Tests/ModelsTests/Goldens/ONNXEncoders.json and two small ONNX files next to it.

A RoBERTa encoder with random weights, its BPE tokenizer, and the embeddings by sentence-transformers
for several poolings and prompts. Needs torch, onnx, tokenizers, transformers and
sentence-transformers.
"""
import json
import pathlib
import tempfile

import onnx
import sentence_transformers
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Normalize, Pooling, Transformer
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast, RobertaConfig, RobertaModel

TEXTS = [
    "", "a", "The quick brown fox", "it doesn't care about naïve cafés 😀", "one two three four five six seven eight nine ten " * 3,
    "  two  spaces <mask> and more", "日本語 and Привет",
]
SETTINGS = [
    {"pooling": "mean", "normalize": True, "prompt": "", "include_prompt": True},
    {"pooling": "cls", "normalize": False, "prompt": "query: ", "include_prompt": True},
    {"pooling": ["max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"], "normalize": False, "prompt": "", "include_prompt": True},
    {"pooling": "mean", "normalize": True, "prompt": "find the fox: ", "include_prompt": False},
]
goldens = pathlib.Path(__file__).parents[2] / "Tests/ModelsTests/Goldens"
torch.manual_seed(0)
tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.train_from_iterator(
    ["The quick brown fox doesn't jump over one two three lazy dogs, and more."] * 4,
    trainers.BpeTrainer(vocab_size=300, special_tokens=["<s>", "<pad>", "</s>", "<unk>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True)])
tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
config = RobertaConfig(
    vocab_size=tokenizer.get_vocab_size(), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=12,
    max_position_embeddings=26, type_vocab_size=1, pad_token_id=1, bos_token_id=0, eos_token_id=2, initializer_range=0.5)
encoder = RobertaModel(config, add_pooling_layer=False).eval()


class Tokens(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = encoder

    def forward(self, ids, mask):
        return self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state


inputs = (torch.tensor([[0, 9, 8, 2], [0, 7, 2, 1]]), torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]]))
axes = {0: "texts", 1: "tokens"}
torch.onnx.export(
    Tokens(), inputs, str(goldens / "tiny.onnx"), input_names=["input_ids", "attention_mask"], output_names=["last_hidden_state"],
    dynamic_axes={"input_ids": axes, "attention_mask": axes, "last_hidden_state": axes}, opset_version=17, dynamo=False)
model = onnx.load(goldens / "tiny.onnx")
(goldens / "tiny-data.bin").unlink(missing_ok=True)
onnx.save_model(model, goldens / "tiny-apart.onnx", save_as_external_data=True, location="tiny-data.bin", size_threshold=1000)

cases = []
with tempfile.TemporaryDirectory() as folder:
    encoder.save_pretrained(folder)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", cls_token="<s>", sep_token="</s>", unk_token="<unk>", mask_token="<mask>", model_max_length=24)
    fast.save_pretrained(folder)
    for setting in SETTINGS:
        transformer = Transformer(folder, max_seq_length=24)
        pooling = setting["pooling"] if isinstance(setting["pooling"], str) else tuple(setting["pooling"])
        modules = [transformer, Pooling(8, pooling_mode=pooling, include_prompt=setting["include_prompt"])]
        if setting["normalize"]:
            modules.append(Normalize())
        prompts = {"p": setting["prompt"]} if setting["prompt"] else {}
        sentences = SentenceTransformer(modules=modules, device="cpu", prompts=prompts, default_prompt_name="p" if prompts else None)
        vectors = sentences.encode(TEXTS, batch_size=1)
        cases.append({**setting, "vectors": [[float(f"{x:.8g}") for x in row] for row in vectors]})
golden = {
    "source": "sentence-transformers", "version": sentence_transformers.__version__, "script": "Scripts/goldens/onnx_encoders.py",
    "texts": TEXTS, "tokenizer": tokenizer.to_str(), "config": {"model_type": "roberta", "max_position_embeddings": 26, "pad_token_id": 1},
    "cases": cases,
}
path = goldens / "ONNXEncoders.json"
path.write_text(json.dumps(golden, ensure_ascii=True, separators=(",", ":")) + "\n")
print([(p.name, p.stat().st_size) for p in sorted(goldens.iterdir())])
