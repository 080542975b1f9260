"""scikit-learn: one LinearSVC per label."""
import warnings

import numpy as np
import scipy.sparse as sp
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC

import trial

t = trial.Trial()
x, y, test = t.matrix("train"), t.labels(), t.matrix("test")
warnings.filterwarnings("ignore", message="Label .* is present in all training examples|"
                        "Label not .* is present in all training examples")
with t.measured("train"):
    model = OneVsRestClassifier(LinearSVC(C=t.settings["c"], random_state=t.seed))
    model.fit(x, y.astype(np.int32))
with t.measured("predict"):
    scores = model.decision_function(test)
    scores = np.column_stack([-scores, scores]) if scores.ndim == 1 else scores
    # A label without training documents has the constant score 0, higher than most.
    scores[:, np.asarray(y.sum(0)).ravel() == 0] = -np.inf
    ranking = trial.best_of_rows(scores)
coefficients = sum(
    sp.csr_matrix(e.coef_).data.nbytes * 3 // 2 for e in model.estimators_ if hasattr(e, "coef_"))
t.finish(ranking, model_bytes=coefficients)
