#!/usr/bin/env python3
"""Compares ids and embeddings of all-MiniLM-L6-v2 in Decant and in PyTorch, alternating, on one thread.

    transformer.py PROGRAM CHECKPOINT DOCUMENTS ROUNDS RESULT-FILE

DOCUMENTS is a data set's documents.jsonl. The ids of 10,000 texts must agree.
"""
import json
import pathlib
import platform
import statistics
import subprocess
import sys
import time

import tokenizers
import torch
import transformers

program, checkpoint, documents, rounds, target = sys.argv[1:]
LENGTH, COMPARED, EMBEDDED, BATCH_TOKENS = 256, 10_000, 200, 4096
torch.set_num_threads(1)
texts = []
for line in open(documents, encoding="utf-8"):
    texts.append(json.loads(line)["text"])
    if len(texts) == COMPARED:
        break


def decant(command, texts, length):
    lines = "".join(json.dumps(t) + "\n" for t in texts)
    output = subprocess.run(
        [program, command, checkpoint, str(length)], input=lines, text=True, check=True, stdout=subprocess.PIPE).stdout
    lines = output.splitlines()
    figures = {k: float(v) for k, v in (l.split() for l in lines if l[0].isalpha())}
    return [[float(i) for i in l.split()] for l in lines if not l[0].isalpha()], figures


reference = tokenizers.BertWordPieceTokenizer(f"{checkpoint}/vocab.txt")
model = transformers.BertModel.from_pretrained(checkpoint, add_pooling_layer=False, attn_implementation="sdpa").eval()


@torch.inference_mode()
def embedded(ids):
    order = sorted(range(len(ids)), key=lambda i: (len(ids[i]), i))
    result, end = torch.empty(len(ids), model.config.hidden_size), len(order)
    while end > 0:
        length = len(ids[order[end - 1]])
        rows = order[max(0, end - max(1, BATCH_TOKENS // length)):end]
        tokens = torch.zeros(len(rows), length, dtype=torch.int64)
        mask = torch.zeros(len(rows), length, dtype=torch.int64)
        for row, text in enumerate(rows):
            tokens[row, :len(ids[text])] = torch.tensor(ids[text])
            mask[row, :len(ids[text])] = 1
        vectors = model(input_ids=tokens, attention_mask=mask).last_hidden_state
        kept = mask.unsqueeze(2)
        mean = (vectors * kept).sum(1) / kept.sum(1)
        result[rows] = torch.nn.functional.normalize(mean, dim=-1)
        end -= len(rows)
    return result


times = {key: [] for key in ["tokenize Decant", "tokenize tokenizers", "encode Decant", "encode PyTorch"]}
for turn in range(int(rounds)):
    start = time.process_time()
    # One by one: the batch call of the reference uses all cores.
    expected = [reference.encode(t).ids for t in texts]
    times["tokenize tokenizers"].append(time.process_time() - start)
    actual, figures = decant("tokenize", texts, 1_000_000)
    times["tokenize Decant"].append(figures["tokenize"])
    different = [t for t, a, e in zip(texts, actual, expected, strict=True) if a != e]
    reference.enable_truncation(LENGTH)
    shortened = [reference.encode(t).ids for t in texts[:EMBEDDED]]
    reference.no_truncation()
    embedded(shortened[:8])
    start = time.process_time()
    embeddings = embedded(shortened)
    times["encode PyTorch"].append(time.process_time() - start)
    vectors, figures = decant("encode", texts[:EMBEDDED], LENGTH)
    times["encode Decant"].append(figures["encode"])
    distance = (embeddings - torch.tensor(vectors)).abs().max().item()
    print(f"turn {turn + 1} of {rounds}: {len(different)} of {len(texts)} texts differ", file=sys.stderr)

medians = {key: statistics.median(values) for key, values in times.items()}
tokens = {"tokenize": sum(map(len, expected)), "encode": sum(map(len, shortened))}
lines = [
    "command   Benchmarks/transformer",
    f"versions  libtorch and PyTorch {torch.__version__}; transformers {transformers.__version__}; "
    f"tokenizers {tokenizers.__version__}; Python {platform.python_version()}",
    f"measured  process CPU time, 1 thread, float32, medians of {rounds} runs by turns; encode: texts cut to {LENGTH} tokens",
    "          tokenizers is called from Python, text by text, and keeps offsets, which Decant does not",
    "",
    f"ids       {len(texts) - len(different)} of {len(texts)} texts have the reference's ids",
    f"vectors   the numbers of {EMBEDDED} embeddings of unit length differ by {distance:.1e} at most",
    "",
    f"{'':12}{'tokens':>10}{'Decant tokens/s':>18}{'reference tokens/s':>20}{'time ratio':>12}",
]
for key, other in [("tokenize", "tokenizers"), ("encode", "PyTorch")]:
    ours, theirs = medians[f"{key} Decant"], medians[f"{key} {other}"]
    lines.append(
        f"{key:12}{tokens[key]:>10}{tokens[key] / ours:>18.0f}{tokens[key] / theirs:>20.0f}{theirs / ours:>12.2f}")
text = "\n".join(lines) + "\n"
pathlib.Path(target).write_text(text)
print(text)
for text in different[:5]:
    print("differs:", json.dumps(text))
