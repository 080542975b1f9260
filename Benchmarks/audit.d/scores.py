"""Reads and writes scores in the format of `decant audit --keep`, and plants errors into data sets. Needs numpy and xxhash."""
import json
import struct

import numpy as np
import xxhash


def read_csr(path):
    """The offsets, columns and values of a matrix file, and its number of columns."""
    data = open(path, "rb").read()
    assert data[:8] == b"DecntCSR"
    flags, rows, columns, entries = struct.unpack("<IQQQ", data[12:40])
    padded = (entries * 4 + 7) & ~7
    at = 64 + (rows + 1) * 8
    offsets = np.frombuffer(data, np.int64, rows + 1, 64)
    labels = np.frombuffer(data, np.int32, entries, at)
    values = np.frombuffer(data, np.float32, entries, at + padded) if flags & 1 else None
    return offsets, labels, values, columns


def write_csr(path, offsets, columns, values, width):
    """Writes such a file."""
    def padded(array):
        data = array.tobytes()
        return data + bytes(-len(data) % 8)
    body = padded(offsets.astype("<i8")) + padded(columns.astype("<i4")) + padded(values.astype("<f4"))
    head = b"DecntCSR" + struct.pack("<IIQQQQ", 1, 1, len(offsets) - 1, width, len(columns), xxhash.xxh64_intdigest(body))
    open(path, "wb").write(head + struct.pack("<QQ", xxhash.xxh64_intdigest(head), 0) + body)


def records(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def read_given(folder):
    """The names of the training rows, the names of the labels, and the label numbers of each row."""
    names = [row["id"] for row in records(f"{folder}/labels.jsonl")]
    number = {name: index for index, name in enumerate(names)}
    rows = records(f"{folder}/train.jsonl")
    return [row["id"] for row in rows], names, [[number[label] for label in row["labels"]] for row in rows]


def plant(data, target, kind, noise, seed):
    """Copies a data set without test documents, removing a share `noise` of the given pairs and adding as many wrong ones.

    uniform: any label of any document. confusable: a label that co-occurs with one of the document's, in proportion to
    their co-occurrence.
    """
    chance = np.random.default_rng([seed, len(kind)])
    documents, names, given = read_given(data)
    pairs = [(row, label) for row, labels in enumerate(given) for label in labels]
    count = round(noise * len(pairs))
    known = [set(labels) for labels in given]
    removed = {pairs[index] for index in chance.choice(len(pairs), count, replace=False)}
    together = None
    if kind == "confusable":
        together = np.zeros((len(names), len(names)))
        for labels in given:
            together[np.ix_(labels, labels)] += 1
        np.fill_diagonal(together, 0)
    added = set()
    while len(added) < count:
        if together is None:
            row, label = int(chance.integers(len(given))), int(chance.integers(len(names)))
        else:
            # Documents with many labels get many errors, as with human annotators.
            row, cause = pairs[int(chance.integers(len(pairs)))]
            weights = together[cause]
            if weights.sum() == 0:
                continue
            label = int(chance.choice(len(names), p=weights / weights.sum()))
        if label not in known[row]:
            added.add((row, label))
    target.mkdir(parents=True, exist_ok=True)
    for name in ("documents.jsonl", "labels.jsonl"):
        (target / name).write_bytes((data / name).read_bytes())
    extra = {}
    for row, label in sorted(added):
        extra.setdefault(row, []).append(label)
    with open(target / "train.jsonl", "w", encoding="utf-8") as file:
        for row, labels in enumerate(given):
            kept = [label for label in labels if (row, label) not in removed] + extra.get(row, [])
            file.write(json.dumps({"id": documents[row], "labels": [names[label] for label in kept]}) + "\n")
    planted = {"wrong": sorted(added), "missing": sorted(removed)}
    (target / "planted.json").write_text(json.dumps(planted))
    return planted
