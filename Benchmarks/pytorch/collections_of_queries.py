"""Reads the collections CACM and Cranfield, ranks them by BM25, and judges rankings."""
import collections
import lzma
import math
import pathlib
import re

import numpy as np
import scipy.sparse as sp


def smart(text, fields):
    """The fields of each record of a file in the SMART format, by number."""
    found = {}
    for part in re.split(r"(?m)^\.I\s*", text)[1:]:
        number, rest = part.split("\n", 1)
        current, record = None, {}
        for line in rest.split("\n"):
            mark = re.match(r"^\.([A-Z])\s*$", line)
            if mark:
                current = mark.group(1)
            elif current:
                record.setdefault(current, []).append(line.strip())
        found[int(number)] = {name: " ".join(lines).strip() for name, lines in record.items() if name in fields}
    return found


def read(folder):
    """The numbers, (title, abstract) pairs, queries and relevant documents of a collection."""
    folder = pathlib.Path(folder)
    relevant = {}
    if (folder / "cacm.all.xz").exists():
        documents = smart(lzma.open(folder / "cacm.all.xz", "rt", errors="replace").read(), "TW")
        queries = smart((folder / "query.text").read_text(errors="replace"), "W")
        for line in (folder / "qrels.text").read_text().splitlines():
            query, document = map(int, line.split()[:2])
            relevant.setdefault(query, set()).add(document)
        asked = [number for number in sorted(queries) if number in relevant]
    else:
        documents = smart(lzma.open(folder / "cran.all.1400.xz", "rt", errors="replace").read(), "TW")
        queries = smart((folder / "cran.qry").read_text(errors="replace"), "W")
        # Judgements number the queries by their order in the file.
        queries = {place + 1: queries[number] for place, number in enumerate(sorted(queries))}
        for line in (folder / "cranqrel").read_text().splitlines():
            query, document, grade = map(int, line.split())
            if grade >= 1:
                relevant.setdefault(query, set()).add(document)
        asked = [number for number in sorted(queries) if number in relevant]
    pairs = []
    for number in sorted(documents):
        title, text = documents[number].get("T", ""), documents[number].get("W", "")
        pairs.append((title, text[len(title):].strip() if title and text.startswith(title) else text))
    return sorted(documents), pairs, [queries[number]["W"] for number in asked], [relevant[number] for number in asked]


def judge(scores, numbers, relevant):
    """nDCG@10, R@100 and MAP in percent, and the nDCG@10 of each query."""
    numbers, each, recall, precision = np.array(numbers), [], [], []
    for row, known in zip(scores, relevant):
        hits = np.isin(numbers[np.argsort(-row, kind="stable")], list(known)).astype(float)
        best = (1 / np.log2(np.arange(2, 2 + min(len(known), 10)))).sum()
        each.append((hits[:10] / np.log2(np.arange(2, 12))).sum() / best)
        recall.append(hits[:100].sum() / len(known))
        precision.append((np.cumsum(hits) / np.arange(1, len(hits) + 1) * hits).sum() / len(known))
    return {"nDCG@10": 100 * np.mean(each), "R@100": 100 * np.mean(recall), "MAP": 100 * np.mean(precision)}, np.array(each)


def words(text):
    """Lowercase words without common English endings."""
    def stem(word):
        for end in ("ations", "ation", "ingly", "ings", "ing", "edly", "ies", "ed", "es", "s", "ly"):
            if word.endswith(end) and len(word) - len(end) >= 4:
                return word[:-len(end)]
        return word
    return [stem(word) for word in re.findall(r"[a-z0-9]+", text.lower())]


def bm25(texts, queries, k1=1.2, b=0.75):
    """The BM25 scores of all documents for each query."""
    counts = [collections.Counter(words(text)) for text in texts]
    number = {word: index for index, word in enumerate(sorted({word for own in counts for word in own}))}
    frequency = collections.Counter(word for own in counts for word in own)
    mean = sum(sum(own.values()) for own in counts) / len(texts)
    rows, columns, values = [], [], []
    for row, own in enumerate(counts):
        length = sum(own.values())
        for word, count in own.items():
            rows.append(row)
            columns.append(number[word])
            rarity = math.log(1 + (len(texts) - frequency[word] + 0.5) / (frequency[word] + 0.5))
            values.append(rarity * count * (k1 + 1) / (count + k1 * (1 - b + b * length / mean)))
    matrix = sp.csr_matrix((values, (rows, columns)), shape=(len(texts), len(number)))
    asked = [sorted({number[word] for word in words(query) if word in number}) for query in queries]
    chosen = sp.csr_matrix(([1.0] * sum(map(len, asked)), ([row for row, own in enumerate(asked) for _ in own], sum(asked, []))),
                           shape=(len(queries), len(number)))
    return np.asarray((chosen @ matrix.T).todense())


def standard(scores):
    """Scores of each query with mean 0 and standard deviation 1, for sums of rankings."""
    return (scores - scores.mean(1, keepdims=True)) / np.maximum(scores.std(1, keepdims=True), 1e-12)


def staged(first, second, depth=100):
    """The first ranking, with its best documents in the order of the second."""
    return np.where((-first).argsort(1).argsort(1) < depth, 1000 + standard(second), standard(first))
