#!/usr/bin/env python3
"""Ranks CACM or Cranfield by MaxSim of a sentence encoder's token vectors, and by its mean vectors and BM25: late_interaction.py ENCODER COLLECTION

MaxSim (Khattab, Zaharia. ColBERT. SIGIR 2020, https://arxiv.org/abs/2004.12832): the mean over the query's tokens of the largest
cosine with a token of the document. Needs numpy, scipy, torch and transformers.
"""
import sys
import time

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

from collections_of_queries import bm25, judge, read, staged, standard


def encoded(tokenizer, encoder, texts, length):
    """The unit token vectors and the unit mean vector of each text, and its token numbers."""
    tokens, means, numbers = [None] * len(texts), np.zeros((len(texts), encoder.config.hidden_size), np.float32), [None] * len(texts)
    order = np.argsort([len(text) for text in texts])
    with torch.inference_mode():
        for start in range(0, len(texts), 32):
            rows = order[start:start + 32]
            batch = tokenizer([texts[row] for row in rows], padding=True, truncation=True, max_length=length, return_tensors="pt")
            states = encoder(**batch).last_hidden_state
            for place, row in enumerate(rows):
                own = batch["attention_mask"][place].bool()
                means[row] = torch.nn.functional.normalize(states[place][own].mean(0), dim=0).numpy()
                # Without the marks at both ends.
                tokens[row] = torch.nn.functional.normalize(states[place][own][1:-1], dim=1).numpy()
                numbers[row] = batch["input_ids"][place][own][1:-1].numpy()
    return tokens, means, numbers


def main(folder, collection):
    torch.set_num_threads(1)
    tokenizer, encoder = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    numbers, pairs, queries, relevant = read(collection)
    texts = [f"{title}. {text}".strip() for title, text in pairs]
    tokens, means, ids = encoded(tokenizer, encoder, texts, 128)
    asked, asked_means, asked_ids = encoded(tokenizer, encoder, queries, 64)
    bounds, every = np.cumsum([0] + [len(own) for own in tokens]), np.concatenate(tokens)
    frequency = np.bincount(np.concatenate([np.unique(own) for own in ids]), minlength=tokenizer.vocab_size)
    rarity = np.log(1 + len(texts) / (frequency + 1))

    def largest(vectors, weights):
        return np.maximum.reduceat(every @ vectors.T, np.minimum(bounds[:-1], len(every) - 1), axis=0) @ (weights / weights.sum())

    begun = time.process_time()
    late = np.stack([largest(vectors, np.ones(len(vectors))) for vectors in asked])
    spent = time.process_time() - begun
    rare = np.stack([largest(vectors, rarity[own]) for vectors, own in zip(asked, asked_ids)])
    lexical, cosine = bm25(texts, queries), asked_means @ means.T
    both = standard(lexical) + standard(cosine)
    rankings = {"BM25": lexical, "cosine of means": cosine, "MaxSim": late, "MaxSim, rare tokens weigh more": rare,
                "best 100 by BM25, then MaxSim": staged(lexical, late), "best 100 by BM25, then cosine": staged(lexical, cosine),
                "best 100 by cosine, then MaxSim": staged(cosine, late), "BM25 + cosine": both,
                "best 100 by BM25 + cosine, then MaxSim": staged(both, late), "BM25 + cosine + MaxSim": both + standard(late)}
    results = {name: judge(scores, numbers, relevant) for name, scores in rankings.items()}
    print("| ranking | nDCG@10 | against cosine | against BM25 + cosine | R@100 | MAP |\n|---|---|---|---|---|---|")
    for name, (figures, each) in results.items():
        differences = []
        for other in ("cosine of means", "BM25 + cosine"):
            difference = 100 * (each - results[other][1])
            differences.append(f"{difference.mean():+.1f} ± {difference.std() / len(each) ** 0.5:.1f}")
        print(f"| {name} | {figures['nDCG@10']:.1f} | {differences[0]} | {differences[1]} | {figures['R@100']:.1f} | {figures['MAP']:.1f} |")
    print(f"\n{len(texts)} documents, {len(every) / len(texts):.0f} tokens each, {len(queries)} queries; MaxSim with all documents takes "
          f"{1000 * spent / len(queries):.0f} ms of CPU time a query. float16: {2 * every.size / 1e6:.0f} MB of token vectors, {2 * means.size / 1e6:.1f} MB of means.")


main(*sys.argv[1:])
