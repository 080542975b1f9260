"""Precision and average precision of rankings of planted errors: python judge.py DATA SCORES FINDINGS-NPZ… ; prints JSON.

A ranking is an .npz of `wrong` and `missing`, or Decant's .jsonl. Also reports the plain sort by probability, and chance.
"""
import json
import pathlib
import sys

import numpy as np

from scores import read_csr, read_given

LIMIT = 100000


def figures(ranking, planted, total):
    """P@100, P@1000 and the average precision among the first 100,000, in percent."""
    hits = np.array([tuple(pair) in planted for pair in ranking[:LIMIT].tolist()], dtype=float)
    above = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return {"P@100": 100 * hits[:100].sum() / 100, "P@1000": 100 * hits[:1000].sum() / 1000,
            "AP": 100 * float((above * hits).sum()) / total}


def main(data, scores, *rankings):
    planted = {name: {tuple(pair) for pair in pairs} for name, pairs in json.loads(pathlib.Path(data, "planted.json").read_text()).items()}
    documents, names, given = read_given(data)
    offsets, labels, values, width = read_csr(f"{scores}/probabilities.csr")
    rows = np.repeat(np.arange(len(given)), np.diff(offsets))
    known = np.zeros(len(labels), dtype=bool)
    for row, own in enumerate(given):
        part = slice(offsets[row], offsets[row + 1])
        known[part] = np.isin(labels[part], own)
    lists = {"plain sort": {}}
    for name, mask, sign in (("wrong", known, 1), ("missing", ~known, -1)):
        order = np.argsort(sign * values[mask], kind="stable")
        lists["plain sort"][name] = np.stack([rows[mask][order], labels[mask][order]], axis=1)
    row_of, label_of = ({name: index for index, name in enumerate(column)} for column in (documents, names))
    for path in rankings:
        if path.endswith(".npz"):
            lists[pathlib.Path(path).stem] = dict(np.load(path))
        else:
            found = {"wrong": [], "missing": []}
            with open(path, encoding="utf-8") as file:
                for line in file:
                    line = json.loads(line)
                    found[line["fault"]].append((row_of[line["document"]], label_of[line["label"]]))
            lists[pathlib.Path(path).stem] = {name: np.array(pairs).reshape(-1, 2) for name, pairs in found.items()}
    result = {name: {kind: figures(ranking, planted[kind], len(planted[kind])) for kind, ranking in own.items()} for name, own in lists.items()}
    pairs = {"wrong": int(known.sum()), "missing": len(given) * width - sum(map(len, given))}
    result["chance"] = {kind: dict.fromkeys(("P@100", "P@1000", "AP"), 100 * len(planted[kind]) / pairs[kind]) for kind in pairs}
    print(json.dumps(result))


main(*sys.argv[1:])
