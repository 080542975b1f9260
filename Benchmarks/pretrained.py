#!/usr/bin/env python3
"""The table of Benchmarks/pretrained.

    pretrained.py RESULTS TARGET

Each line of RESULTS is a kind and the JSON of `decant evaluate`.
"""
import collections
import json
import pathlib
import statistics
import sys

METRICS = ["P@1", "P@3", "P@5", "nDCG@5", "PSP@1", "PSP@3", "PSP@5", "R@10", "R@100"]
NAMES = {"bag": "bag of features, 5 epochs", "transformer": "transformer alone, 15 epochs", "both": "both, added, 5 epochs"}

results = collections.defaultdict(list)
for line in open(sys.argv[1], encoding="utf-8"):
    kind, text = line.split(" ", 1)
    results[kind].append(json.loads(text))


def figure(rows, key, places=2):
    values = [row[key] for row in rows]
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.{places}f} ± {spread:.{places}f}"


lines = [
    "# A frozen transformer in addition to the bag", "",
    "Command: `Benchmarks/pretrained`. all-MiniLM-L6-v2, texts truncated to 64 tokens, a hidden layer of 1,024; decoupled softmax; "
    "one thread. Test set, mean ± standard deviation over seeds. CPU seconds: training alone; encoding is done once "
    "per data set.", "",
    "| | " + " | ".join(METRICS) + " | training CPU s |", "|---" * (len(METRICS) + 2) + "|"]
for kind, rows in results.items():
    lines.append(
        f"| {NAMES[kind]} | " + " | ".join(figure(rows, m) for m in METRICS) + f" | {figure(rows, 'train_cpu_seconds', 1)} |")
text = "\n".join(lines) + "\n"
pathlib.Path(sys.argv[2]).write_text(text, encoding="utf-8")
print(text)
