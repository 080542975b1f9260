"""Reads and writes data set folders: documents, labels, train and test, one JSON record per line."""
import json
import os


def records(folder, name):
    with open(os.path.join(folder, name + ".jsonl"), encoding="utf-8") as f:
        for line in f:
            if line.strip():
                yield json.loads(line)


def has(folder, name):
    return os.path.exists(os.path.join(folder, name + ".jsonl"))


def write_records(folder, name, rows):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name + ".jsonl"), "w", encoding="utf-8") as f:
        for row in rows:
            f.write(json.dumps(row, ensure_ascii=False) + "\n")


def write(folder, name, documents, labels, splits, summary, source):
    """Writes a new data set.

    documents and labels: id -> record without the id. splits: name -> list of (id, labels); "dev"
    is separate from train, "validation" would be a part of it. Labels that do not occur in train,
    rows without labels and repeated labels of a row are dropped.
    """
    empty = sum(not d.get("text", "x").strip() for d in documents.values())
    if empty > len(documents) / 100:
        raise SystemExit(f"{source}: {empty} of {len(documents)} texts are empty; is it damaged?")
    known = {label for _, own in splits["train"] for label in own}
    used = set()
    for split, rows in splits.items():
        kept = [(i, [x for x in dict.fromkeys(own) if x in known]) for i, own in rows]
        kept = [(i, own) for i, own in kept if own]
        used.update(i for i, _ in kept)
        write_records(folder, split, ({"id": i, "labels": own} for i, own in kept))
    write_records(folder, "documents", ({"id": i, **d} for i, d in documents.items() if i in used))
    write_records(folder, "labels", ({"id": i, **x} for i, x in labels.items() if i in known))
    with open(os.path.join(folder, "dataset.json"), "w", encoding="utf-8") as f:
        json.dump({"name": name, "summary": summary, "origins": [{"source": source}]}, f, indent=2)


def link_view(source, view, train, test):
    """A folder with the documents and labels of another and different splits."""
    os.makedirs(view)
    for name in ("documents.jsonl", "labels.jsonl", "dataset.json"):
        path = os.path.abspath(os.path.join(source, name))
        if os.path.exists(path):
            os.symlink(path, os.path.join(view, name))
    write_records(view, "train", train)
    write_records(view, "test", test)


def holdout(source, view):
    """A view to evaluate on held-out training documents, never on test.

    They are dev.jsonl (separate from train), validation.jsonl (a part of train), or else every tenth
    document of train.
    """
    train = list(records(source, "train"))
    if has(source, "dev"):
        held = list(records(source, "dev"))
    elif has(source, "validation"):
        held = list(records(source, "validation"))
    else:
        held = train[9::10]
    ids = {r["id"] for r in held}
    link_view(source, view, [r for r in train if r["id"] not in ids], held)


def shorten(source, view, train, test):
    """A view of the first few documents."""
    def first(name, n):
        return [r for r, _ in zip(records(source, name), range(n))]
    link_view(source, view, first("train", train), first("test", test))


def few(source, view, n):
    """A view of the first n training documents of each label; for data of one label a document."""
    counts, chosen = {}, []
    for r in records(source, "train"):
        if len(r["labels"]) != 1:
            raise SystemExit(f"{source}: document {r['id']} has {len(r['labels'])} labels; --few wants one each")
        counts[r["labels"][0]] = counts.get(r["labels"][0], 0) + 1
        if counts[r["labels"][0]] <= n:
            chosen.append(r)
    link_view(source, view, chosen, list(records(source, "test")))
