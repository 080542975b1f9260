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
    their co-occurrence. swapped and swapped-near: see `swap`.
    """
    if kind.startswith("swapped"):
        return swap(data, target, kind, noise, seed)
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
    extra = {}
    for row, label in sorted(added):
        extra.setdefault(row, []).append(label)
    kept = [[label for label in labels if (row, label) not in removed] + extra.get(row, []) for row, labels in enumerate(given)]
    return write_planted(data, target, documents, names, kept, added, removed)


def swap(data, target, kind, noise, seed):
    """The same for one label per document: a share `noise` of the documents with one label get another one instead.

    swapped: any. swapped-near: that of the document with the most similar words whose label differs (needs scikit-learn).
    """
    chance = np.random.default_rng([seed, 4 if kind == "swapped" else 8, 7])
    documents, names, given = read_given(data)
    single = [row for row, labels in enumerate(given) if len(labels) == 1]
    if kind == "swapped-near":
        from sklearn.feature_extraction.text import TfidfVectorizer
        texts = {record["id"]: record["text"] for record in records(f"{data}/documents.jsonl")}
        words = TfidfVectorizer(sublinear_tf=True, min_df=2, max_df=0.5, stop_words="english").fit_transform(
            [texts[document] for document in documents])
    new = {}
    for row in sorted(map(int, chance.choice(single, round(noise * len(single)), replace=False))):
        own = given[row][0]
        if kind == "swapped-near":
            similarity = np.asarray((words[row] @ words.T).todense()).ravel()
            new[row] = next(label for other in np.argsort(-similarity) for label in given[other] if label != own)
        else:
            label = int(chance.integers(len(names) - 1))
            new[row] = label + (label >= own)
    kept = [[new[row]] if row in new else labels for row, labels in enumerate(given)]
    return write_planted(data, target, documents, names, kept, new.items(), [(row, given[row][0]) for row in new])


def write_planted(data, target, documents, names, kept, added, removed):
    """Writes the changed copy of a data set and the errors in it."""
    target.mkdir(parents=True, exist_ok=True)
    for name in ("documents.jsonl", "labels.jsonl"):
        (target / name).write_bytes((data / name).read_bytes())
    with open(target / "train.jsonl", "w", encoding="utf-8") as file:
        for document, labels in zip(documents, kept):
            file.write(json.dumps({"id": document, "labels": [names[label] for label in labels]}) + "\n")
    planted = {"wrong": sorted(added), "missing": sorted(removed)}
    (target / "planted.json").write_text(json.dumps(planted))
    return planted
