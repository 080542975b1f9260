#!/usr/bin/env python3
"""Writes the feature matrices for all peers: features.py FOLDER OUTPUT KIND…

Texts: the first line is the lead, "name: summary" if it has a name; the rest is the body. All
families are tf-idf with 1 + ln tf, ln((1+n)/(1+df)) + 1, unit rows, features in at least two training
documents.

  base      words of the text
  rich      base, word bigrams within name, summary and body, separate words of the name and of
            the summary, first and last part of the name
  …+cg      with character 3- to 5-grams of the lead's words, hashed to 65,536, with equal weight

Documents of features: "given" are the folder's values, "idf" the same times idf; unit rows.

Writes KIND/train.npz and test.npz, KIND/train.txt and test.txt (the extreme-classification
repository's format), labels-train.npz, labels-test.npz, labels.json (their names)
and facts.json.
"""
import collections
import json
import math
import os
import re
import sys
import time
import zlib

import numpy as np
import scipy.sparse as sp

import folder

TOKEN = re.compile(r"[^\W_]+(?:\+\+|#)?")
NAME = re.compile(r"(\S{1,80}): (.*)")
BUCKETS = 65536
TEXT_KINDS = ["base", "base+cg", "rich", "rich+cg"]
FEATURE_KINDS = ["given", "idf"]


def fields(text):
    """(words of the name, of the summary, of the body)"""
    lead, _, body = text.lower().partition("\n")
    match = NAME.fullmatch(lead)
    name, summary = match.groups() if match else ("", lead)
    return TOKEN.findall(name), TOKEN.findall(summary), TOKEN.findall(body)


def base(parts):
    return [word for words in parts for word in words]


def rich(parts):
    name, summary, _ = parts
    result = base(parts)
    for words in parts:
        result += [f"{a} {b}" for a, b in zip(words, words[1:])]
    result += ["n_" + w for w in name] + ["s_" + w for w in summary]
    if name:
        result += ["f_" + name[0], "e_" + name[-1]]
    return result


GRAMS_OF_WORDS = {}


def grams(parts):
    result = []
    for word in parts[0] + parts[1]:
        own = GRAMS_OF_WORDS.get(word)
        if own is None:
            marked = f"<{word}>".encode()
            own = GRAMS_OF_WORDS[word] = [zlib.crc32(marked[i:i + n]) % BUCKETS
                                          for n in (3, 4, 5) for i in range(len(marked) - n + 1)]
        result += own
    return result


def counts(documents):
    """[documents, features] of lists of keys."""
    vocabulary = collections.defaultdict()
    vocabulary.default_factory = vocabulary.__len__
    columns, offsets = [], [0]
    for keys in documents:
        columns.append(np.fromiter(map(vocabulary.__getitem__, keys), np.int32, len(keys)))
        offsets.append(offsets[-1] + len(keys))
    columns = np.concatenate(columns)
    matrix = sp.csr_matrix(
        (np.ones(len(columns), np.float32), columns, offsets), (len(offsets) - 1, len(vocabulary)))
    matrix.sum_duplicates()
    return matrix


def unit_rows(x):
    lengths = np.sqrt(np.asarray(x.multiply(x).sum(1)).ravel())
    x.data /= np.repeat(np.maximum(lengths, 1e-12), np.diff(x.indptr)).astype(x.dtype)
    return x


def with_idf(x, train, minimum=2):
    """Columns in at least `minimum` training documents, times their idf; unit rows."""
    frequency = np.bincount(x[:train].indices, minlength=x.shape[1])
    kept = np.flatnonzero(frequency >= minimum)
    idf = np.log((1 + train) / (1 + frequency[kept])) + 1
    return unit_rows((x[:, kept] @ sp.diags(idf)).tocsr().astype(np.float32))


def tf_idf(documents, train):
    x = counts(documents)
    x.data = 1 + np.log(x.data)
    return with_idf(x, train)


def of_texts(texts, train, kinds):
    """(kind, matrix, CPU seconds as if only this kind were made)"""
    begun = time.process_time()
    parts = [fields(t) for t in texts]
    splitting = time.process_time() - begun
    family, seconds = {}, {}
    for name, rule in (("base", base), ("rich", rich), ("cg", grams)):
        if any(name in kind.split("+") for kind in kinds):
            begun = time.process_time()
            family[name] = tf_idf((rule(p) for p in parts), train)
            seconds[name] = time.process_time() - begun
    for kind in kinds:
        begun = time.process_time()
        chosen = [family[name] for name in kind.split("+")]
        x = sp.hstack(chosen, format="csr", dtype=np.float32)
        x.data /= np.float32(math.sqrt(len(chosen)))
        own = splitting + sum(seconds[name] for name in kind.split("+"))
        yield kind, x, own + time.process_time() - begun


def of_features(rows, train, kinds):
    begun = time.process_time()
    columns = {}
    triples = [(i, columns.setdefault(name, len(columns)), value)
               for i, row in enumerate(rows) for name, value in row.items()]
    i, j, v = zip(*triples)
    x = sp.csr_matrix((np.array(v, np.float32), (i, j)), (len(rows), len(columns)))
    reading = time.process_time() - begun
    for kind in kinds:
        begun = time.process_time()
        made = unit_rows(x.copy()) if kind == "given" else with_idf(x, train)
        yield kind, made, reading + time.process_time() - begun


def write_text(path, x, y):
    with open(path, "w") as f:
        f.write(f"{x.shape[0]} {x.shape[1]} {y.shape[1]}\n")
        for i in range(x.shape[0]):
            own = ",".join(map(str, y.indices[y.indptr[i]:y.indptr[i + 1]]))
            a, b = x.indptr[i], x.indptr[i + 1]
            pairs = map("%d:%.6g".__mod__, zip(x.indices[a:b].tolist(), x.data[a:b].tolist()))
            f.write(own + " " + " ".join(pairs) + "\n")


def targets(rows, number):
    offsets = np.cumsum([0] + [len(r["labels"]) for r in rows])
    columns = np.fromiter((number[x] for r in rows for x in r["labels"]), np.int32)
    y = sp.csr_matrix((np.ones(len(columns), np.float32), columns, offsets),
                      (len(rows), len(number)))
    y.sort_indices()
    return y


def main(source, output, *kinds):
    begun, cpu = time.time(), time.process_time()
    documents = {r["id"]: r for r in folder.records(source, "documents")}
    number = {r["id"]: i for i, r in enumerate(folder.records(source, "labels"))}
    splits = {name: list(folder.records(source, name)) for name in ("train", "test")}
    rows = [documents[r["id"]] for name in splits for r in splits[name]]
    train = len(splits["train"])
    has_texts = "text" in rows[0]
    usable = [k for k in kinds if k in (TEXT_KINDS if has_texts else FEATURE_KINDS)]
    os.makedirs(output, exist_ok=True)
    y = {name: targets(splits[name], number) for name in splits}
    for name in y:
        sp.save_npz(f"{output}/labels-{name}.npz", y[name])
    facts = {"documents": {n: len(s) for n, s in splits.items()}, "labels": len(number),
             "texts": has_texts, "pairs": {n: int(m.nnz) for n, m in y.items()}, "kinds": {}}
    matrices = (of_texts([r["text"] for r in rows], train, usable) if has_texts
                else of_features([r["features"] for r in rows], train, usable))
    for kind, x, seconds in matrices:
        x.sort_indices()
        os.makedirs(f"{output}/{kind}", exist_ok=True)
        for name, part in (("train", x[:train]), ("test", x[train:])):
            sp.save_npz(f"{output}/{kind}/{name}.npz", part, compressed=False)
            write_text(f"{output}/{kind}/{name}.txt", part, y[name])
        facts["kinds"][kind] = {"features": x.shape[1], "per document": round(x.nnz / x.shape[0], 1),
                               "cpu_seconds": round(seconds, 3)}
    facts["seconds"] = round(time.time() - begun, 1)
    facts["cpu_seconds"] = round(time.process_time() - cpu, 1)
    with open(f"{output}/labels.json", "w", encoding="utf-8") as f:
        json.dump(list(number), f)
    with open(f"{output}/facts.json", "w") as f:
        json.dump(facts, f, indent=2)


if __name__ == "__main__":
    main(*sys.argv[1:])
