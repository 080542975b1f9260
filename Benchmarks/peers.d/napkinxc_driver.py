"""napkinXC: probabilistic label tree or one classifier per label, logistic loss, exact search."""
import numpy as np
from napkinxc.models import BR, PLT

import trial

t = trial.Trial()
x, y, test = t.matrix("train"), t.labels(), t.matrix("test")
own = [y.indices[a:b].tolist() for a, b in zip(y.indptr, y.indptr[1:])]
kind = {"plt": PLT, "br": BR}[t.settings["model"]]
model = kind(t.model, threads=t.threads, seed=t.seed)
with t.measured("train"):
    model.fit(x, own)
depth = min(trial.DEPTH, y.shape[1])
with t.measured("predict"):
    found = model.predict_proba(test, top_k=depth)
t.finish([
    trial.by_score(np.array([i for i, _ in row], np.int64), [p for _, p in row]) for row in found])
