#!/usr/bin/env python3
"""The reference: a bag-of-features dual encoder as a good engineer would write it in PyTorch.

Words and character n-grams of the first line, tf-idf; CSR matrix @ table with MKL; dense fused AdamW;
losses composed of PyTorch operators. Its settings were tuned on held-out training documents.

Reads a folder with documents.jsonl {"id","text"}, labels.jsonl {"id","text"}, train.jsonl and
test.jsonl {"id","labels":[...]}. The first line of a text is its lead ("name: short description").
Trains (one vector per feature, one vector and bias per label), evaluates, and prints one line of JSON.
"""
import argparse, collections, json, math, os, re, resource, sys, time, zlib

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as F

TOKEN = re.compile(r"[a-z0-9]+(?:\+\+|#)?")
BUCKETS = 65536


# ---------------------------------------------------------------- data and features
def read_lines(path):
    with open(path, encoding="utf-8") as f:
        for line in f:
            yield json.loads(line)


def load(folder):
    documents = {d["id"]: d for d in read_lines(os.path.join(folder, "documents.jsonl"))}
    labels = {l["id"]: i for i, l in enumerate(read_lines(os.path.join(folder, "labels.jsonl")))}
    train = list(read_lines(os.path.join(folder, "train.jsonl")))
    test = list(read_lines(os.path.join(folder, "test.jsonl")))

    def targets(rows):
        indptr = np.cumsum([0] + [len(r["labels"]) for r in rows])
        indices = np.fromiter((labels[x] for r in rows for x in r["labels"]), np.int32)
        y = sp.csr_matrix((np.ones(len(indices), np.float32), indices, indptr), (len(rows), len(labels)))
        y.sort_indices()
        return y

    texts = lambda rows: [documents[r["id"]]["text"] for r in rows]
    return texts(train), targets(train), texts(test), targets(test)


def word_counts(text, _cache):
    return collections.Counter(TOKEN.findall(text.lower()))


def char_counts(text, cache):
    counts = collections.Counter()
    for word in TOKEN.findall(text.split("\n", 1)[0].lower()):
        grams = cache.get(word)
        if grams is None:
            marked = f"<{word}>".encode()
            grams = cache[word] = [zlib.crc32(marked[i:i + n]) % BUCKETS
                                   for n in (3, 4, 5) for i in range(len(marked) - n + 1)]
        counts.update(grams)
    return counts


def family(train, test, counter, min_df=2):
    """tf-idf (sublinear tf, smoothed idf, L2) of one feature family."""
    cache, vocabulary = {}, {}
    rows = [[counter(t, cache) for t in part] for part in (train, test)]
    df = collections.Counter(k for c in rows[0] for k in c)
    for key, n in df.items():
        if n >= min_df:
            vocabulary[key] = len(vocabulary)
    idf = np.empty(len(vocabulary), np.float32)
    for key, i in vocabulary.items():
        idf[i] = math.log((1 + len(train)) / (1 + df[key])) + 1
    matrices = []
    for part in rows:
        indptr, indices, data = [0], [], []
        for c in part:
            for key, n in c.items():
                i = vocabulary.get(key)
                if i is not None:
                    indices.append(i)
                    data.append(1 + math.log(n))
            indptr.append(len(indices))
        x = sp.csr_matrix((np.array(data, np.float32), np.array(indices, np.int32), indptr),
                          (len(part), len(vocabulary)))
        x.data *= idf[x.indices]
        norms = np.sqrt(x.multiply(x).sum(1)).A1
        x.data /= np.repeat(np.maximum(norms, 1e-12), np.diff(x.indptr)).astype(np.float32)
        matrices.append(x)
    return matrices


def features(train, test):
    words = family(train, test, word_counts)
    chars = family(train, test, char_counts)
    return [sp.hstack([w, c], format="csr", dtype=np.float32) * np.float32(math.sqrt(0.5))
            for w, c in zip(words, chars)]


# ---------------------------------------------------------------- model
def torch_csr(x):
    return torch.sparse_csr_tensor(torch.from_numpy(x.indptr.astype(np.int32)),
                                   torch.from_numpy(x.indices.astype(np.int32)),
                                   torch.from_numpy(x.data), x.shape, check_invariants=False)


class Bag(torch.autograd.Function):
    """CSR matrix @ table; the gradient of the table is the transposed matrix @ gradient."""

    @staticmethod
    def forward(ctx, table, x):
        ctx.x = x
        return torch_csr(x) @ table

    @staticmethod
    def backward(ctx, gradient):
        return torch_csr(ctx.x.T.tocsr()) @ gradient, None


class DualEncoder(torch.nn.Module):
    def __init__(self, features, labels, dim, prior, scale):
        super().__init__()
        self.table = torch.nn.Parameter(torch.randn(features, dim) * scale)
        self.labels = torch.nn.Parameter(torch.randn(labels, dim) * scale)
        self.bias = torch.nn.Parameter(torch.from_numpy(prior))

    def forward(self, x):
        return torch.addmm(self.bias, Bag.apply(self.table, x), self.labels.T)


def loss_of(kind, scores, y):
    """y: CSR matrix of the batch's labels."""
    rows = torch.from_numpy(np.repeat(np.arange(y.shape[0]), np.diff(y.indptr)))
    columns = torch.from_numpy(y.indices.astype(np.int64))
    if kind == "bce":
        target = torch.zeros_like(scores)
        target[rows, columns] = 1
        return F.binary_cross_entropy_with_logits(scores, target, reduction="sum") / y.shape[0]
    weight = torch.from_numpy((1 / np.repeat(np.diff(y.indptr), np.diff(y.indptr)) / y.shape[0]).astype(np.float32))
    positive = scores[rows, columns]
    if kind == "infonce":
        return (weight * (torch.logsumexp(scores, 1)[rows] - positive)).sum()
    negatives = scores.index_put((rows, columns), torch.tensor(-math.inf))
    return (weight * F.softplus(torch.logsumexp(negatives, 1)[rows] - positive)).sum()


def drop_features(x, p, rng):
    keep = rng.random(x.nnz, dtype=np.float32) >= p
    indptr = np.concatenate([[0], np.cumsum(keep)]).astype(np.int32)[x.indptr]
    return sp.csr_matrix((x.data[keep] * np.float32(1 / (1 - p)), x.indices[keep], indptr), x.shape)


def train(model, x, y, args, rng):
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=args.weight_decay, fused=True)
    steps = args.epochs * math.ceil(x.shape[0] / args.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 1 - t / steps if args.decay else 1.0)
    for epoch in range(args.epochs):
        order, total = rng.permutation(x.shape[0]), 0.0
        for i in range(0, len(order), args.batch):
            rows = order[i:i + args.batch]
            loss = loss_of(args.loss, model(drop_features(x[rows], args.dropout, rng)), y[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(rows)
        print(f"epoch {epoch + 1}: loss {total / len(order):.4f}", file=sys.stderr)


# ---------------------------------------------------------------- evaluation
@torch.no_grad()
def rank(model, x, k=100, batch=1024):
    return np.concatenate([model(x[i:i + batch]).topk(min(k, model.labels.shape[0]), 1).indices.numpy()
                           for i in range(0, x.shape[0], batch)])


def evaluate(ranked, y, y_train, a=0.55, b=1.5):
    counts = np.asarray(y_train.sum(0)).ravel()
    n = y_train.shape[0]
    inverse = 1 + (math.log(n) - 1) * (b + 1) ** a * (counts + b) ** -a  # 1 / propensity
    hits = np.asarray(y[np.arange(y.shape[0])[:, None], ranked].todense())
    sizes = np.diff(y.indptr)
    result = {}
    for k in (1, 3, 5):
        result[f"P@{k}"] = 100 * hits[:, :k].mean()
    discount = 1 / np.log2(np.arange(5) + 2)
    ideal = np.cumsum(discount)[np.minimum(sizes, 5) - 1]
    result["nDCG@5"] = 100 * ((hits[:, :5] * discount).sum(1) / ideal).mean()
    for k in (1, 3, 5):
        got = (hits[:, :k] * inverse[ranked[:, :k]]).sum()
        best = sum(np.sort(inverse[y.indices[y.indptr[i]:y.indptr[i + 1]]])[::-1][:k].sum()
                   for i in range(y.shape[0]))
        result[f"PSP@{k}"] = 100 * got / best
    for k in (10, 100):
        result[f"R@{k}"] = 100 * (hits[:, :k].sum(1) / sizes).mean()
    return {k: round(float(v), 2) for k, v in result.items()}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("folder")
    p.add_argument("--loss", choices=["decoupled-softmax", "infonce", "bce"], default="decoupled-softmax")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--dim", type=int, default=128)
    p.add_argument("--epochs", type=int, default=8)
    p.add_argument("--batch", type=int, default=256)
    p.add_argument("--lr", type=float, default=0.005)
    p.add_argument("--decay", type=int, default=1, help="1: linear decay of the learning rate to zero")
    p.add_argument("--weight-decay", type=float, default=0.0)
    p.add_argument("--dropout", type=float, default=0.3)
    p.add_argument("--scale", type=float, default=0.1, help="standard deviation of the initial vectors")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)

    cpu, wall = time.process_time(), time.time()
    texts, y, test_texts, y_test = load(args.folder)
    x, x_test = features(texts, test_texts)
    feature_cpu, feature_wall = time.process_time() - cpu, time.time() - wall

    cpu, wall = time.process_time(), time.time()
    prior = np.log((np.asarray(y.sum(0)).ravel() + 0.5) / y.shape[0]).astype(np.float32)
    model = DualEncoder(x.shape[1], y.shape[1], args.dim, prior, args.scale)
    train(model, x, y, args, rng)
    train_cpu, train_wall = time.process_time() - cpu, time.time() - wall

    wall = time.time()
    ranked = rank(model, x_test)
    predict_wall = time.time() - wall
    print(json.dumps({
        "loss": args.loss, "seed": args.seed, "threads": args.threads, "lr": args.lr, "decay": args.decay,
        "epochs": args.epochs, "batch": args.batch, "dim": args.dim, "features": x.shape[1], "train": x.shape[0], "test": x_test.shape[0],
        **evaluate(ranked, y_test, y),
        "feature_seconds": round(feature_wall, 2), "feature_cpu_seconds": round(feature_cpu, 2),
        "train_seconds": round(train_wall, 2), "train_cpu_seconds": round(train_cpu, 2),
        "predict_ms_per_document": round(1000 * predict_wall / x_test.shape[0], 4),
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


if __name__ == "__main__":
    main()
