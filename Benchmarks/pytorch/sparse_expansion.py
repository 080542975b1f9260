#!/usr/bin/env python3
"""A sparse expansion encoder over the words of a bag, against embeddings and BM25: sparse_expansion.py DATA

DATA is a data set folder (documents/labels/train/test.jsonl; some training documents, judged on some of dev.jsonl,
validation.jsonl or every tenth training document) or the folder of CACM or Cranfield (titles with their abstracts and four fifths of the
queries are learnt from, the other queries rank all documents, in turns). No test part of a data set folder is read.

    h = Σ_j x_j E_j (+ u_l for a label)                 x: tf-idf of the words, E: 128 numbers a word
    s = log(1 + relu(a ∘ x + W h + c))                  one number a word of the vocabulary, most of them 0
    score of document and label = s · t / τ + b_l       τ is learnt

after SPLADE (Formal, Piwowarski, Clinchant. SIGIR 2021, https://arxiv.org/abs/2107.05720), with a bag in place of BERT. The FLOPS
regularisation adds λ Σ_j (mean activation of j)² for each side. With --twin, another model has h · (E x_l + u_l) / τ + b_l instead, and all else equal.
Needs numpy, scipy and torch.
"""
import argparse
import collections
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import numpy as np
import scipy.sparse as sp
import torch
from torch.nn.functional import embedding_bag

from collections_of_queries import bm25, read, standard, words

root = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(root / "Benchmarks/peers.d"))
import folder as folders  # noqa: E402

Problem = collections.namedtuple("Problem", "name documents positives targets ranked held truth has_free")


def drawn(view, name, count):
    rows = list(folders.records(view, name))
    random.Random(0).shuffle(rows)
    return rows[:count]


def of_folder(source, documents, held_count):
    """A data set: documents, and labels with texts."""
    with tempfile.TemporaryDirectory() as scratch:
        view = pathlib.Path(scratch) / "view"
        folders.holdout(source, view)
        texts = {row["id"]: row["text"] for row in folders.records(view, "documents")}
        labels = [(row["id"], row.get("text") or row["id"]) for row in folders.records(view, "labels")]
        place = {name: index for index, (name, _) in enumerate(labels)}
        train, held = drawn(view, "train", documents), drawn(view, "test", held_count)

    def own(rows):
        return [sorted({place[x] for x in row["labels"] if x in place}) for row in rows]
    names = [text for _, text in labels]
    return [Problem(source.name, [texts[row["id"]] for row in train], own(train), names, names,
                    [texts[row["id"]] for row in held], own(held), True)]


def of_collection(source):
    """Five problems, each with another fifth of the queries held out."""
    numbers, pairs, queries, relevant = read(source)
    place = {number: index for index, number in enumerate(numbers)}
    abstracts = [text or title for title, text in pairs]
    whole = [f"{title}. {text}".strip() for title, text in pairs]
    titled = [index for index, (title, text) in enumerate(pairs) if title and text]
    problems = []
    for fold in range(5):
        known = [q for q in range(len(queries)) if q % 5 != fold]
        held = [q for q in range(len(queries)) if q % 5 == fold]
        own = {q: sorted(place[number] for number in relevant[q] if number in place) for q in range(len(queries))}
        problems.append(Problem(
            source.name, [queries[q] for q in known] + [pairs[index][0] for index in titled],
            [own[q] for q in known] + [[index] for index in titled], abstracts, whole,
            [queries[q] for q in held], [own[q] for q in held], False))
    return problems


def judge(scores, truth):
    """P@1, nDCG@10 and R@100 of each query, in percent."""
    gains, rows = 1 / np.log2(np.arange(2, 12)), []
    for row, known in zip(scores, truth):
        if not known:
            continue
        best = np.argsort(-row, kind="stable")[:100]
        hits = np.isin(best, known).astype(float)
        rows.append((hits[0], (hits[:10] * gains[:len(hits[:10])]).sum() / gains[:len(known)].sum(), hits.sum() / len(known)))
    return 100 * np.array(rows)


class Bags:
    """tf-idf rows of unit length over the words of the training texts."""

    def __init__(self, texts, limit):
        frequency = collections.Counter(word for text in texts for word in set(words(text)))
        kept = [word for word, count in frequency.most_common(limit) if count > 1]
        self.place = {word: index for index, word in enumerate(kept)}
        self.rarity = np.log((1 + len(texts)) / (1 + np.array([frequency[word] for word in kept]))) + 1

    def __call__(self, texts):
        rows = []
        for text in texts:
            counts = collections.Counter(self.place[word] for word in words(text) if word in self.place)
            columns = np.fromiter(counts, np.int64, len(counts))
            values = (1 + np.log(np.fromiter(counts.values(), float, len(counts)))) * self.rarity[columns]
            rows.append((columns, values / max(np.linalg.norm(values), 1e-12)))
        return rows


class Encoder(torch.nn.Module):
    def __init__(self, size, targets, counts, is_sparse, has_free, width=128):
        super().__init__()
        self.is_sparse = is_sparse
        self.table = torch.nn.Parameter(0.1 * torch.randn(size, width))
        self.free = torch.nn.Parameter(0.01 * torch.randn(targets, width)) if has_free else None
        self.bias = torch.nn.Parameter(torch.log(torch.tensor(counts) + 0.5) - np.log(sum(counts) + 1) if has_free else torch.zeros(targets))
        self.bias.requires_grad_(has_free)
        self.sharpness = torch.nn.Parameter(torch.tensor(1.0 if is_sparse else 2.0))
        if is_sparse:
            self.head = torch.nn.Parameter(self.table.detach().clone())
            self.shift = torch.nn.Parameter(torch.full((size,), -0.5))
            self.identity = torch.nn.Parameter(torch.full((size,), 3.0))

    def forward(self, rows, labels=None, dropout=0.0):
        columns, values = [], []
        for own, weights in rows:
            if dropout:
                kept = np.random.rand(len(own)) >= dropout
                own, weights = own[kept], weights[kept]
            columns.append(own)
            values.append(weights)
        offsets = torch.tensor(np.cumsum([0] + [len(own) for own in columns])[:-1])
        columns, values = (torch.from_numpy(np.concatenate(part)) for part in (columns, values))
        values = values.float()
        h = embedding_bag(columns, self.table, offsets, mode="sum", per_sample_weights=values)
        if labels is not None and self.free is not None:
            h = h + self.free[labels]
        if not self.is_sparse:
            return h
        numbers = torch.repeat_interleave(torch.arange(len(rows)), torch.diff(offsets, append=torch.tensor([len(columns)])))
        logits = torch.addmm(self.shift, h, self.head.T)
        logits = logits.index_put((numbers, columns), values * self.identity[columns], accumulate=True)
        return torch.log1p(torch.relu(logits))


def train(problem, bags, seed, weight, epochs, is_sparse, rate=0.003, drawn_count=256):
    torch.manual_seed(seed)
    np.random.seed(seed)
    documents, targets = bags(problem.documents), bags(problem.targets)
    counts = np.bincount([x for own in problem.positives for x in own], minlength=len(targets)).tolist()
    model = Encoder(len(bags.place), len(targets), counts, is_sparse, problem.has_free)
    slow = [parameter for name, parameter in model.named_parameters() if name != "sharpness"]
    optimizer = torch.optim.Adam([{"params": slow}, {"params": [model.sharpness], "lr": 10 * rate}], rate)
    batch, steps, total = 128, 0, epochs * -(-len(documents) // 128)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5 * (1 + np.cos(np.pi * min(1, step / total))))
    for _ in range(epochs):
        order = np.random.permutation(len(documents))
        for start in range(0, len(order), batch):
            rows = order[start:start + batch]
            drawn = np.random.choice(len(targets), min(drawn_count, len(targets)), replace=False)
            pool = np.unique(np.concatenate([drawn] + [problem.positives[row] for row in rows if problem.positives[row]])).astype(int)
            wanted = torch.zeros(len(rows), len(pool), dtype=torch.bool)
            for line, row in enumerate(rows):
                wanted[line, np.searchsorted(pool, problem.positives[row])] = True
            s = model([documents[row] for row in rows], dropout=0.3)
            t = model([targets[x] for x in pool], torch.from_numpy(pool), dropout=0 if problem.has_free else 0.3)
            scores = s @ t.T * model.sharpness.exp() / (10 if is_sparse else 1) + model.bias[pool]
            others = scores.masked_fill(wanted, -torch.inf).logsumexp(1, keepdim=True)
            misses = torch.nn.functional.softplus(others - scores) * wanted / wanted.sum(1, keepdim=True).clamp(min=1)
            loss = misses.sum() / len(rows)
            if is_sparse:
                # SPLADE's schedule: the weight rises as a square over the first third.
                ramp = min(1, steps / (total / 3)) ** 2
                loss = loss + ramp * weight * ((s.mean(0) ** 2).sum() + (t.mean(0) ** 2).sum())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            steps += 1
    return model


@torch.inference_mode()
def encoded(model, rows, labels=None):
    parts = []
    for start in range(0, len(rows), 512):
        some = model(rows[start:start + 512], None if labels is None else torch.arange(start, min(start + 512, len(rows)))).numpy()
        parts.append(sp.csr_matrix(some) if model.is_sparse else some)
    return sp.vstack(parts).tocsr() if model.is_sparse else np.concatenate(parts)


def ranked(problem, bags, model):
    """The scores, and what a ranking costs."""
    held = encoded(model, bags(problem.held))
    targets = encoded(model, bags(problem.ranked), True)
    scale, bias = model.sharpness.detach().exp().item() / (10 if model.is_sparse else 1), model.bias.detach().numpy()
    begun = time.process_time()
    if not model.is_sparse:
        scores = held @ targets.T
        cost = {"numbers": held.shape[1], "numbers of a label": held.shape[1], "products": held.shape[1] * len(targets), "MB": 4 * targets.size / 1e6}
    else:
        index = targets.T.tocsr()
        begun = time.process_time()
        scores = np.concatenate([(held[start:start + 256] @ index).toarray() for start in range(0, held.shape[0], 256)])
        postings = np.diff(index.indptr)
        cost = {"numbers": held.nnz / held.shape[0], "numbers of a label": index.nnz / index.shape[1],
                "products": postings[held.indices].sum() / held.shape[0], "MB": 8 * index.nnz / 1e6}
    cost["ms"] = 1000 * (time.process_time() - begun) / held.shape[0]
    return scale * scores + bias, cost


PAIRS = ["--labels", "text", "--normalized", "--temperature", "0.05", "--epochs", "10"]


def of_decant(problem, seed, decant):
    """The scores of a run."""
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        view, target = scratch / "view", scratch / "run"
        labels = [[f"l{x}" for x in own] for own in problem.positives]
        folders.write_records(view, "documents", ({"id": f"d{i}", "text": text} for i, text in enumerate(problem.documents)))
        folders.write_records(view, "labels", ({"id": f"l{i}", "text": text} for i, text in enumerate(problem.targets)))
        folders.write_records(view, "train", ({"id": f"d{i}", "labels": own} for i, own in enumerate(labels)))

        def run(*command):
            subprocess.run([decant, *map(str, command)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def vectors(name, *options):
            run("embed", target, "--output", scratch / f"{name}.npy", "--threads", 1, *options)
            return np.load(scratch / f"{name}.npy")

        def file(name, texts):
            (scratch / name).write_text("".join(" ".join(text.split()) + "\n" for text in texts))
            return scratch / name
        if problem.has_free:
            run("train", view, "--output", target, "--seed", seed, "--threads", 1, "--quiet", "--no-memory")
            (scratch / "held.jsonl").write_text("".join(
                json.dumps({"text": text, "labels": [f"l{x}" for x in own]}) + "\n" for text, own in zip(problem.held, problem.truth)))
            run("evaluate", target, "--data", scratch / "held.jsonl", "--rankings", scratch / "rankings", "--threads", 1)
            known = {name: index for index, name in enumerate(json.loads((target / "labels.json").read_text()))}
            scores = np.full((len(problem.held), len(problem.targets)), -1e9)
            for row, line in zip(scores, (scratch / "rankings").read_text().splitlines()):
                found = json.loads(line)
                row[[int(name[1:]) for name in found["labels"] if name in known]] = found["scores"]
            return scores
        run("train", view, "--output", target, "--seed", seed, "--threads", 1, "--quiet", "--no-memory", *PAIRS)
        return vectors("held", "--file", file("held", problem.held)) @ vectors("ranked", "--file", file("ranked", problem.ranked)).T


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("data", type=pathlib.Path)
    p.add_argument("--seeds", type=int, default=1)
    p.add_argument("--epochs", type=int, default=40)
    p.add_argument("--weights", nargs="+", type=float, default=[0.1, 1], help="λ")
    p.add_argument("--folds", type=int, default=5, help="of CACM or Cranfield: how many of the five")
    p.add_argument("--twin", action="store_true")
    p.add_argument("--words", type=int, default=8192)
    p.add_argument("--documents", type=int, default=6000)
    p.add_argument("--held", type=int, default=2000)
    p.add_argument("--decant", default=str(root / ".build/release/decant"))
    args = p.parse_args()
    torch.set_num_threads(1)
    problems = of_folder(args.data, args.documents, args.held) if (args.data / "train.jsonl").exists() else of_collection(args.data)[:args.folds]
    results, costs = {}, collections.defaultdict(list)

    def add(name, seed, problem, scores, cost=None):
        results.setdefault(name, {}).setdefault(seed, []).append(judge(scores, problem.truth))
        if cost:
            costs[name].append(cost)
        return scores
    for problem in problems:
        bags = Bags(problem.documents + problem.targets, args.words)
        lexical = add("BM25", 0, problem, bm25(problem.ranked, problem.held))
        for seed in range(args.seeds):
            run = add("decant", seed, problem, of_decant(problem, seed, args.decant))
            if args.twin:
                add("twin", seed, problem, *ranked(problem, bags, train(problem, bags, seed, 0, args.epochs, False)))
            if not problem.has_free:
                add("decant + BM25", seed, problem, standard(run) + standard(lexical))
            for weight in args.weights:
                model = train(problem, bags, seed, weight, args.epochs, True)
                sparse = add(f"sparse, λ = {weight:g}", seed, problem, *ranked(problem, bags, model))
                if not problem.has_free:
                    add(f"sparse, λ = {weight:g}, + BM25", seed, problem, standard(sparse) + standard(lexical))
                    add(f"sparse, λ = {weight:g}, + decant", seed, problem, standard(sparse) + standard(run))
            print(json.dumps({name: {s: np.concatenate(v).mean(0).round(2).tolist() for s, v in by.items()} for name, by in results.items()}),
                  file=sys.stderr, flush=True)
    print(f"{problems[0].name}: {sum(len(p.held) for p in problems)} judged, {len(bags.place)} words, {len(problems[0].targets)} labels or documents\n")
    print("| ranking | P@1 | nDCG@10 | R@100 | nDCG@10 against decant | numbers, of a label | products | MB | ms |\n|---|---|---|---|---|---|---|---|---|")
    # Means over seeds of each judged text.
    each = {name: np.mean([np.concatenate(rows) for rows in by.values()], 0) for name, by in results.items()}
    for name, rows in each.items():
        mean = {key: np.mean([cost[key] for cost in costs[name]]) for key in costs[name][0]} if costs[name] else {}
        difference = rows[:, 1] - each["decant"][:, 1]
        print(f"| {name} | " + " | ".join(f"{x:.1f}" for x in rows.mean(0))
              + f" | {difference.mean():+.1f} ± {difference.std() / len(difference) ** 0.5:.1f} | "
              + (f"{mean['numbers']:.0f}, {mean['numbers of a label']:.0f} | {mean['products']:.0f} | {mean['MB']:.1f} | {mean['ms']:.2f} |"
                 if mean else "| | | |"))


if __name__ == "__main__":
    main()
