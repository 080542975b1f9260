"""Times one peer's training and prediction; used by every driver.

A driver is run as `driver.py JOB`, a JSON file: the features' folder and kind, threads, seed,
settings, and the paths of the ranking, the model and the report. Wall-clock and CPU seconds cover
training and prediction only, without reading files.
"""
import contextlib
import json
import os
import resource
import sys
import time

import numpy as np
import scipy.sparse as sp

DEPTH = 100


class Trial:
    def __init__(self):
        with open(sys.argv[1]) as f:
            job = json.load(f)
        self.features, self.kind, self.output = job["features"], job["kind"], job["output"]
        self.folder, self.settings = job["folder"], job["settings"]
        self.threads, self.seed = job["threads"], job["seed"]
        # Libraries without a setting for threads take as many as they see.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-self.threads:])
        self.report = {}
        self.model = os.path.join(self.output, "model")

    def matrix(self, split):
        x = sp.load_npz(f"{self.features}/{self.kind}/{split}.npz")
        x.indices, x.indptr = x.indices.astype(np.int32), x.indptr.astype(np.int32)
        return x

    def labels(self, split="train"):
        return sp.load_npz(f"{self.features}/labels-{split}.npz")

    def text_file(self, split):
        return f"{self.features}/{self.kind}/{split}.txt"

    @contextlib.contextmanager
    def measured(self, name):
        wall, cpu = time.time(), cpu_seconds()
        yield
        self.report[name + "_seconds"] = time.time() - wall
        self.report[name + "_cpu_seconds"] = cpu_seconds() - cpu

    def finish(self, ranking, model_bytes=None):
        """ranking: lists of label numbers, best first."""
        rows = np.full((len(ranking), DEPTH), -1, np.int32)
        for i, row in enumerate(ranking):
            row = row[:DEPTH]
            rows[i, :len(row)] = row
        np.save(self.output + "/ranking.npy", rows)
        self.report["model_bytes"] = size(self.model) if model_bytes is None else model_bytes
        with open("/proc/self/status") as f:
            peak = next(line for line in f if line.startswith("VmHWM"))
        self.report["peak_bytes"] = int(peak.split()[1]) * 1024
        with open(self.output + "/report.json", "w") as f:
            json.dump(self.report, f)


def cpu_seconds():
    own, children = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def size(path):
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(d, f)) for d, _, fs in os.walk(path) for f in fs)


def by_score(columns, scores):
    """Labels by descending score; ties go to the lower number, as in decant."""
    return columns[np.lexsort((columns, -np.asarray(scores, np.float64)))]


def best_of_rows(scores):
    """The top labels of each row of a dense [n, labels], with the same rule."""
    return [row[:DEPTH] for row in np.argsort(-scores, axis=1, kind="stable")]
