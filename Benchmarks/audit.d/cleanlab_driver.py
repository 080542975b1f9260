"""Ranks the same out-of-sample scores with cleanlab: python cleanlab_driver.py DATA SCORES OUTPUT METHOD

Converts the sparse scores to dense ones, which cleanlab needs; pairs that are not stored have probability 0. Writes an array
of (row, label) for wrong and one for missing labels, the most suspicious first, and the seconds of cleanlab itself.
"""
import json
import sys
import time
import warnings

import numpy as np

from scores import read_csr, read_given

warnings.filterwarnings("ignore")
data, scores, output, method = sys.argv[1:]
offsets, labels, values, width = read_csr(f"{scores}/probabilities.csr")
_, _, given = read_given(data)
dense = np.zeros((len(given), width))
dense[np.repeat(np.arange(len(given)), np.diff(offsets)), labels] = values

from cleanlab.multilabel_classification.filter import find_multilabel_issues_per_class  # noqa: E402

begun = time.process_time(), time.perf_counter()
if method in ("filter", "confident"):
    # One process: a pool per label would take far longer.
    issues, given_of, probability_of = find_multilabel_issues_per_class(
        given, dense, return_indices_ranked_by="self_confidence", n_jobs=1,
        filter_by="prune_by_noise_rate" if method == "filter" else "confident_learning")
    lists = {"wrong": [], "missing": []}
    for label, rows in enumerate(issues):
        for row in rows:
            own = int(given_of[label][row])
            lists["wrong" if own else "missing"].append((probability_of[label][row][own], row, label))
    lists = {name: np.array([pair[1:] for pair in sorted(found)], dtype=np.int64).reshape(-1, 2) for name, found in lists.items()}
else:
    from cleanlab.internal.multilabel_scorer import ClassLabelScorer, MultilabelScorer
    from cleanlab.internal.multilabel_utils import int2onehot
    binary = int2onehot(given, K=width)
    quality = MultilabelScorer(ClassLabelScorer.SELF_CONFIDENCE).get_class_label_quality_scores(
        binary, dense, {"adjust_pred_probs": True})
    lists = {}
    for name, kind in (("wrong", 1), ("missing", 0)):
        rows, columns = np.nonzero(binary == kind)
        order = np.argsort(quality[rows, columns], kind="stable")[:200000]
        lists[name] = np.stack([rows[order], columns[order]], axis=1)
spent = {"cpu": time.process_time() - begun[0], "wall": time.perf_counter() - begun[1]}
np.savez(output, **lists)
print(json.dumps(spent))
