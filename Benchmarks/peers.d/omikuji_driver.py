"""Omikuji: Parabel (balanced 2-means, three trees) or Bonsai (unbalanced 100-means, depth 3)."""
import numpy as np
import omikuji
from omikuji import ffi, lib

import trial

t = trial.Trial()
parameters = omikuji.Model.default_hyper_param()
if t.settings["trees"] == "bonsai":
    parameters.cluster_balanced, parameters.cluster_k, parameters.max_depth = False, 100, 3
parameters.collapse_every_n_layers = t.settings.get("collapse", 0)
# train_on_data in two steps, so that reading the file does not count as training.
pool = omikuji._ThreadPoolHandle(t.threads)
data = ffi.gc(
    lib.load_omikuji_data_set(t.text_file("train").encode(), pool.ptr), lib.free_omikuji_data_set)
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
