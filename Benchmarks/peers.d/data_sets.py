"""Public data sets as folders: data_sets.py NAME PATH OUTPUT, standard splits, labels of train only.

eurlex57k      train/dev/test.jsonl.xz and eurovoc_labels.json.xz (57,000 EU laws)
reuters21578   a tar.xz of the SGML; ModApte split, the 90 topics in both parts
20news         a tar.xz of the messages, bydate; the subject and the text without other headers
banking77      train/test.csv.xz (13,000 questions to a bank, 77 intents)
semeval2010-task8
               train/test.tsv.xz (11,000 sentences, 19 directed relations of two marked nominals)
yso-finna-sv   train/test.tsv.xz and labels.tsv.xz (176,000 Swedish titles, 27,729 subjects)
rcv1subset1…5  NAME.svm.xz, "labels index:value …"; first and second half (order not verified)
bibtex, Corel5k, enron, medical, yeast, scene, emotions, birds
               Mulan's NAME-train/-test(.-sparse).arff.xz and NAME.xml; numbers are standardised
               with train's means and deviations
"""
import collections
import csv
import glob
import html
import json
import lzma
import math
import os
import re
import sys
import tarfile

import folder

MULAN = ["bibtex", "Corel5k", "enron", "medical", "yeast", "scene", "emotions", "birds"]


def xz_lines(path, encoding="utf-8"):
    with lzma.open(path, "rt", encoding=encoding) as f:
        yield from f


def eurlex57k(path, output):
    with lzma.open(f"{path}/eurovoc_labels.json.xz", "rt", encoding="utf-8") as f:
        concepts = json.load(f)
    documents, splits = {}, {}
    for split in ("train", "dev", "test"):
        splits[split] = []
        for line in xz_lines(f"{path}/{split}.jsonl.xz"):
            r = json.loads(line)
            body = r["main_body"] if isinstance(r["main_body"], list) else [r["main_body"]]
            text = [r["title"].replace("\n", " ").strip(), r["header"], r["recitals"], *body]
            documents[r["celex_id"]] = {"text": "\n".join(x.strip() for x in text if x)}
            splits[split].append((r["celex_id"], r["concepts"]))
    labels = {}
    for i in sorted({x for _, own in splits["train"] for x in own}):
        c = concepts.get(i, {"label": i, "alt_labels": []})
        labels[i] = {"text": "\n".join([c["label"], *c["alt_labels"]])}
    folder.write(output, "eurlex57k", documents, labels, splits,
                 "EU laws and their EuroVoc concepts; train 45,000, dev 6,000, test 6,000.", path)


def reuters21578(path, output):
    documents, rows = {}, {"train": [], "test": []}
    with tarfile.open(archive(path), "r:xz") as tar:
        for member in sorted(tar.getmembers(), key=lambda m: m.name):
            if not member.name.endswith(".sgm"):
                continue
            text = tar.extractfile(member).read().decode("latin-1")
            for head, story in re.findall(r"<REUTERS([^>]*)>(.*?)</REUTERS>", text, re.S):
                split = re.search(r'LEWISSPLIT="([\w-]+)"', head)[1].lower()
                if 'TOPICS="YES"' not in head or split not in rows:
                    continue
                topics = re.findall(r"<D>(.*?)</D>", re.search(r"<TOPICS>(.*?)</TOPICS>", story)[1])
                i = re.search(r'NEWID="(\d+)"', head)[1]
                title = " ".join(" ".join(re.findall(r"<TITLE>(.*?)</TITLE>", story, re.S)).split())
                whole = re.search(r"<TEXT[^>]*>(.*?)</TEXT>", story, re.S)[1]
                body = re.search(r"<BODY>(.*?)</BODY>", whole, re.S)
                body = body[1] if body else re.sub(r"<[^>]*>", " ", whole)
                documents[i] = {"text": html.unescape(title + "\n" + body.strip())}
                rows[split].append((i, topics))
    both = set.intersection(*({x for _, own in part for x in own} for part in rows.values()))
    rows = {n: [(i, [x for x in own if x in both]) for i, own in part] for n, part in rows.items()}
    folder.write(output, "reuters21578", documents, {x: {"text": x} for x in sorted(both)}, rows,
                 "Reuters-21578, ModApte, the 90 topics of both parts.", path)


def newsgroups(path, output):
    documents, rows = {}, {"train": [], "test": []}
    with tarfile.open(archive(path), "r:xz") as tar:
        for member in sorted(tar.getmembers(), key=lambda m: m.name):
            if not member.isfile():
                continue
            *_, part, group, number = member.name.split("/")
            message = tar.extractfile(member).read().decode("latin-1").replace("\r\n", "\n")
            # A common copy of the collection has tabs instead of line feeds in train.
            if "\n" not in message.strip():
                message = message.replace("\t", "\n")
            head, _, body = message.partition("\n\n")
            subject = re.search(r"^Subject:(.*)$", head, re.M | re.I)
            i = f"{part.rsplit('-', 1)[1]}/{group}/{number}"
            documents[i] = {"text": (subject[1].strip() if subject else "") + "\n" + body}
            rows[part.rsplit("-", 1)[1]].append((i, [group]))
    groups = sorted({x for _, own in rows["train"] for x in own})
    folder.write(output, "20news", documents, {g: {"text": g} for g in groups}, rows,
                 "20 Newsgroups by date: subject and text, no other headers.", path)


def banking77(path, output):
    documents, rows = {}, {"train": [], "test": []}
    for split, own in rows.items():
        for number, row in enumerate(csv.DictReader(xz_lines(f"{path}/{split}.csv.xz"))):
            i = f"{split}-{number}"
            documents[i] = {"text": row["text"]}
            own.append((i, [row["category"]]))
    intents = sorted({x for _, own in rows["train"] for x in own})
    folder.write(output, "banking77", documents,
                 {x: {"text": x.replace("_", " ")} for x in intents}, rows,
                 "BANKING77, its own split.", path)


def semeval(path, output):
    documents, rows = {}, {"train": [], "test": []}
    for split, own in rows.items():
        table = csv.DictReader(xz_lines(f"{path}/{split}.tsv.xz"), delimiter="\t", quoting=csv.QUOTE_NONE)
        for row in table:
            i = f"{split}-{row['id']}"
            # The marks become words, so that every program sees them.
            documents[i] = {"text": re.sub(r"<(e[12])>", r"\1 ", re.sub(r"</e[12]>", "", row["sentence"]))}
            own.append((i, [row["relation"]]))
    relations = sorted({x for _, own in rows["train"] for x in own})
    folder.write(output, "semeval2010-task8", documents, {x: {"text": x} for x in relations}, rows,
                 "SemEval-2010 task 8, its own split; the marks of the nominals are words.", path)


def yso(path, output):
    documents, rows = {}, {"train": [], "test": []}
    for split, own in rows.items():
        with lzma.open(f"{path}/{split}.tsv.xz") as f:
            # Some titles contain a carriage return; only line feeds end a line.
            lines = f.read().decode("utf-8").removesuffix("\n").split("\n")
        for number, line in enumerate(lines):
            subjects, _, text = line.replace("\r", " ").partition("\t")
            i = f"{split}-{number}"
            documents[i] = {"text": text}
            own.append((i, subjects.split(",")))
    used = {x for _, own in rows["train"] for x in own}
    texts = (line.rstrip("\n").split("\t") for line in xz_lines(f"{path}/labels.tsv.xz"))
    folder.write(output, "yso-finna-sv", documents,
                 {x: {"text": name} for x, _, name in texts if x in used}, rows,
                 "Swedish titles and their YSO subjects; 160,000 train, 16,000 test.", path)


def archive(path):
    """The archive, or the only one in the folder."""
    if os.path.isfile(path):
        return path
    found = glob.glob(f"{path}/*.tar.xz")
    if len(found) != 1:
        sys.exit(f"{path}: {len(found)} files named *.tar.xz, one is expected")
    return found[0]


def rcv1(name, path, output):
    documents, rows = {}, []
    for number, line in enumerate(xz_lines(f"{path}/{name}.svm.xz")):
        own, _, pairs = line.rstrip("\n").partition(" ")
        documents[str(number)] = {
            "features": {j: float(v) for j, v in (p.split(":") for p in pairs.split())}}
        rows.append((str(number), own.split(",") if own else []))
    labels = {x: {} for x in sorted({x for _, own in rows for x in own}, key=int)}
    half = len(rows) // 2
    folder.write(output, name, documents, labels, {"train": rows[:half], "test": rows[half:]},
                 "RCV1 topics, a subset of 944 features; first half train.", path)


# ---------------------------------------------------------------- Mulan
def attribute(line):
    """(name, its values or None for a number)"""
    match = re.match(r"@attribute\s+('(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|\S+)\s+(.*)", line, re.I)
    name, kind = match.groups()
    if name[0] in "'\"":
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    values = [v.strip(" '\"") for v in kind.strip().strip("{}").split(",")] if "{" in kind else None
    return name, values


def arff(path):
    """(attributes, rows); a row is {attribute number: value} without zeros."""
    attributes, rows, is_data = [], [], False
    for line in xz_lines(path):
        line = line.strip()
        if not line or line.startswith("%"):
            continue
        if not is_data:
            if line.lower().startswith("@attribute"):
                attributes.append(attribute(line))
            is_data = line.lower().startswith("@data")
            continue
        if line.startswith("{"):
            cells = (p.split(None, 1) for p in line.strip("{} ").split(",") if p.strip())
            pairs = ((int(j), v.strip()) for j, v in cells)
        else:
            pairs = enumerate(v.strip() for v in line.split(","))
        row = {}
        for j, v in pairs:
            values = attributes[j][1]
            x = float(v) if values is None or set(values) <= {"0", "1"} else values.index(v)
            if x:
                row[j] = x
        rows.append(row)
    return attributes, rows


def standardised(parts, columns):
    """Columns standardised by the mean and deviation of train; constant ones are dropped."""
    train = parts["train"]
    result = {name: [{} for _ in rows] for name, rows in parts.items()}
    for j in columns:
        values = [r.get(j, 0.0) for r in train]
        mean = math.fsum(values) / len(values)
        deviation = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / len(values))
        if deviation < 1e-12:
            continue
        for name, rows in parts.items():
            for row, new in zip(rows, result[name]):
                new[j] = round((row.get(j, 0.0) - mean) / deviation, 6)
    return result


def mulan(name, path, output):
    with open(f"{path}/{name}.xml", encoding="utf-8") as f:
        wanted = {html.unescape(x) for x in re.findall(r'<label name="([^"]*)"', f.read())}
    parts = {}
    for split in ("train", "test"):
        found = glob.glob(f"{path}/{name}-{split}*.arff.xz")
        if len(found) != 1:
            sys.exit(f"{path}: no file {name}-{split}….arff.xz")
        attributes, parts[split] = arff(found[0])
    targets = {j for j, (x, _) in enumerate(attributes) if x in wanted}
    if len(targets) != len(wanted):
        sys.exit(f"{path}/{name}.xml: {len(wanted)} labels, of which {len(targets)} are attributes")
    inputs = [j for j in range(len(attributes)) if j not in targets]
    are_numbers = any(attributes[j][1] is None for j in inputs)
    values = standardised(parts, inputs) if are_numbers else parts
    documents, rows = {}, collections.defaultdict(list)
    for split in parts:
        for number, (row, value) in enumerate(zip(parts[split], values[split])):
            i = f"{split}-{number}"
            own = {str(j): x for j, x in value.items() if j not in targets}
            if own:
                documents[i] = {"features": own}
                rows[split].append((i, [attributes[j][0] for j in row if j in targets]))
    folder.write(output, name, documents, {attributes[j][0]: {} for j in sorted(targets)}, rows,
                 f"Mulan's {name}, its own split.", path)


def names():
    return ["eurlex57k", "reuters21578", "20news", "banking77", "semeval2010-task8", "yso-finna-sv",
            *(f"rcv1subset{i}" for i in range(1, 6)), *MULAN]


def convert(name, path, output):
    if name in MULAN:
        mulan(name, path, output)
    elif name.startswith("rcv1"):
        rcv1(name, path, output)
    else:
        {"eurlex57k": eurlex57k, "reuters21578": reuters21578, "20news": newsgroups,
         "banking77": banking77, "semeval2010-task8": semeval, "yso-finna-sv": yso}[name](path, output)


if __name__ == "__main__":
    convert(*sys.argv[1:])
