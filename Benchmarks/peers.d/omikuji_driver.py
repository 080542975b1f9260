"""Omikuji: Parabel (balanced 2-means, three trees) or Bonsai (unbalanced 100-means, depth 3).

Its reader refuses a whole file for one row without a feature, so such rows are left out of training.
"""
import numpy as np
import omikuji
from omikuji import ffi, lib

import trial

t = trial.Trial()
parameters = omikuji.Model.default_hyper_param()
if t.settings["trees"] == "bonsai":
    parameters.cluster_balanced, parameters.cluster_k, parameters.max_depth = False, 100, 3
parameters.collapse_every_n_layers = t.settings.get("collapse", 0)
parameters.linear_c = t.settings.get("c", parameters.linear_c)
parameters.linear_weight_threshold = t.settings.get("threshold", parameters.linear_weight_threshold)


def usable(path):
    """The file, or a copy without the rows that have no feature."""
    x = t.matrix("train")
    empty = set(np.flatnonzero(np.diff(x.indptr) == 0).tolist())
    if not empty:
        return path
    copy = t.output + "/train.txt"
    with open(path) as f, open(copy, "w") as g:
        next(f)
        g.write(f"{x.shape[0] - len(empty)} {x.shape[1]} {t.labels().shape[1]}\n")
        g.writelines(line for i, line in enumerate(f) if i not in empty)
    return copy


# train_on_data in two steps, so that reading the file does not count as training.
pool = omikuji._ThreadPoolHandle(t.threads)
read = lib.load_omikuji_data_set(usable(t.text_file("train")).encode(), pool.ptr)
if read == ffi.NULL:
    raise SystemExit("omikuji cannot read the training file")
data = ffi.gc(read, lib.free_omikuji_data_set)
with t.measured("train"):
    model = omikuji.Model(lib.train_omikuji_model(data, parameters, pool.ptr), pool)
test = t.matrix("test")
ranking = []
with t.measured("predict"):
    for a, b in zip(test.indptr, test.indptr[1:]):
        row = list(zip(test.indices[a:b].tolist(), test.data[a:b].tolist()))
        found = model.predict(row, beam_size=t.settings["beam"], top_k=trial.DEPTH)
        ranking.append(trial.by_score(
            np.array([i for i, _ in found], np.int64), [score for _, score in found]))
model.save(t.model)
t.finish(ranking)
