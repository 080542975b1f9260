"""napkinXC: probabilistic label tree or one classifier per label, logistic loss, exact search."""
import numpy as np
from napkinxc.models import BR, PLT

import trial

t = trial.Trial()
x, y, test = t.matrix("train"), t.labels(), t.matrix("test")
own = [y.indices[a:b].tolist() for a, b in zip(y.indptr, y.indptr[1:])]
kind = {"plt": PLT, "br": BR}[t.settings["model"]]
given = {"c": "liblinear_c", "loss": "loss", "threshold": "weights_threshold"}
model = kind(t.model, threads=t.threads, seed=t.seed,
             **{name: t.settings[key] for key, name in given.items() if key in t.settings})
with t.measured("train"):
    model.fit(x, own)
depth = min(trial.DEPTH, y.shape[1])
with t.measured("predict"):
    found = model.predict_proba(test, top_k=depth)
t.finish([
    trial.by_score(np.array([i for i, _ in row], np.int64), [p for _, p in row]) for row in found])
