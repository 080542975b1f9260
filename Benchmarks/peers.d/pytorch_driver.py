"""PyTorch: DEXML's recipe (dual encoder, all labels, decoupled softmax) on a bag of features.

The model, loss and optimiser are those of ../pytorch/dual_encoder.py, on the peers' features.
"""
import argparse
import os
import sys

import numpy as np
import torch

import trial

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "pytorch"))
import dual_encoder

t = trial.Trial()
x, y, test = t.matrix("train"), t.labels(), t.matrix("test")
torch.set_num_threads(t.threads)
torch.manual_seed(t.seed)
rng = np.random.default_rng(t.seed)
options = argparse.Namespace(
    loss=t.settings["loss"], dim=128, epochs=t.settings["epochs"], batch=256,
    lr=t.settings["rate"], decay=1, weight_decay=0.0, dropout=0.3, scale=0.1)
with t.measured("train"):
    prior = np.log((np.asarray(y.sum(0)).ravel() + 0.5) / y.shape[0]).astype(np.float32)
    model = dual_encoder.DualEncoder(x.shape[1], y.shape[1], options.dim, prior, options.scale)
    dual_encoder.train(model, x, y, options, rng)
with t.measured("predict"):
    ranking = dual_encoder.rank(model, test, trial.DEPTH)
t.finish(ranking, model_bytes=sum(p.numel() * p.element_size() for p in model.parameters()))
