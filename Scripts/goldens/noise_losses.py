#!/usr/bin/env python3
"""Writes Tests/NoiseTests/Goldens of the losses of class scores.

    Scripts/goldens/noise_losses.py FOLDER

FOLDER has the authors' code under these names: ldr_loss.py (Optimization-AI/ICML2023_LDR, loss.py),
sce_loss.py (HanxunH/SCELoss-Reproduce, loss.py), dice_loss.py (ShannonAI/dice_loss_for_NLP,
loss/dice_loss.py), biasloss.py (lusinlu/bias-loss-skipblocknet), elr_loss.py (shengliu66/ELR,
ELR/model/loss.py). Other losses are their papers' equations in PyTorch.
"""
import math
import sys
import types

import torch
from pair_loss_cases import case, rows, write
from torch.nn.functional import cross_entropy, one_hot

sys.path.insert(0, sys.argv[1])
# That code runs on CUDA, in float32, and reads a weight from a configuration file.
torch.Tensor.cuda = lambda self, *_, **__: self
torch.Tensor.float = torch.Tensor.double
CONFIGURATION = {"train_loss": {"args": {"lambda": 0}}}
sys.modules["parse_config"] = types.SimpleNamespace(
    ConfigParser=types.SimpleNamespace(get_instance=lambda: CONFIGURATION))
import biasloss  # noqa: E402
import dice_loss  # noqa: E402
import elr_loss  # noqa: E402
import ldr_loss  # noqa: E402
import sce_loss  # noqa: E402

SCRIPT = "noise_losses.py"
AUTHORS = "the authors' code"
EQUATION = "the paper's equation in PyTorch"
CLASSES = [0, 2, 1, 2, 3]
SCORES = rows(1, 5, 4, 2)
LARGE = rows(2, 5, 4, 30)
ONE = torch.tensor([[0.3, -1.0, 0.0]])


def golden(name, loss, source, options, more=()):
    """Each of the options on ordinary scores, the first ones on extreme and on single ones, too."""
    cases = [case(loss, {**some, "classes": CLASSES}, SCORES) for some in options]
    cases.append(case(loss, {**options[0], "classes": CLASSES}, LARGE))
    write(name, SCRIPT, source, cases + list(more), "NoiseTests")


def own(scores, classes):
    return scores.log_softmax(1)[torch.arange(len(classes)), classes]


def hot(scores, classes):
    return one_hot(torch.tensor(classes), scores.shape[1])


def generalized(scores, classes, exponent):
    return ldr_loss.GCELoss(q=exponent)(scores, hot(scores, classes))


golden("GeneralizedCrossEntropyLoss", generalized, AUTHORS + " of ALDR-KL", [
    {"exponent": 0.7}, {"exponent": 0.05}, {"exponent": 1}])


def absolute(scores, classes):
    return (scores.softmax(1) - hot(scores, classes)).abs().sum(1).mean()


golden("MeanAbsoluteErrorLoss", absolute, EQUATION, [{}])


def symmetric(scores, classes, crossEntropyWeight, reverseWeight, labelFloor):
    if labelFloor == 1e-4:
        return sce_loss.SCELoss(crossEntropyWeight, reverseWeight, scores.shape[1])(
            scores, torch.tensor(classes))
    labels = hot(scores, classes).clamp(labelFloor, 1)
    reverse = -(scores.softmax(1) * labels.log()).sum(1).mean()
    return crossEntropyWeight * cross_entropy(scores, torch.tensor(classes)) + reverseWeight * reverse


write("SymmetricCrossEntropyLoss", SCRIPT, "HanxunH/SCELoss-Reproduce", [
    case(symmetric, {**options, "classes": CLASSES}, SCORES) for options in [
        {"crossEntropyWeight": 0.1, "reverseWeight": 1, "labelFloor": 1e-4},
        {"crossEntropyWeight": 6, "reverseWeight": 0.1, "labelFloor": 1e-4},
        {"crossEntropyWeight": 0.5, "reverseWeight": 2, "labelFloor": 0.02}]], "NoiseTests")

NOISE = [[0.7, 0.1, 0.2, 0], [0.05, 0.8, 0.05, 0.1], [0, 0, 1, 0], [0.3, 0.3, 0.1, 0.3]]
PAIR = [[0.6, 0.4, 0, 0], [0, 0.6, 0.4, 0], [0, 0, 0.6, 0.4], [0.4, 0, 0, 0.6]]


def forward(scores, classes, transition):
    made = scores.softmax(1) @ torch.tensor(transition["rows"])
    return -made[torch.arange(len(classes)), classes].log().mean()


def backward(scores, classes, transition):
    inverse = torch.linalg.inv(torch.tensor(transition["rows"]))
    return -(inverse[classes] * scores.log_softmax(1)).sum(1).mean()


for name, loss in [("ForwardCorrectionLoss", forward), ("BackwardCorrectionLoss", backward)]:
    write(name, SCRIPT, EQUATION, [
        case(loss, {"transition": {"rows": noise}, "classes": CLASSES}, SCORES)
        for noise in [NOISE, PAIR, torch.eye(4).tolist()]], "NoiseTests")


def focal(scores, classes, focus):
    logs = own(scores, classes)
    return -((1 - logs.exp()) ** focus * logs).mean()


write("FocalLoss", SCRIPT, EQUATION, [
    case(focal, {"focus": focus, "classes": CLASSES}, SCORES) for focus in [2, 0, 0.5, 5]],
    "NoiseTests")


def balanced(scores, classes, counts, overlap):
    number = (1 - overlap ** torch.tensor(counts, dtype=torch.float64)) / (1 - overlap)
    weights = 1 / number / (1 / number).sum() * len(counts)
    return (weights[classes] * -own(scores, classes)).mean()


golden("ClassBalancedLoss", balanced, EQUATION, [
    {"counts": [500, 20, 3, 1], "overlap": 0.9999}, {"counts": [500, 20, 3, 1], "overlap": 0.9},
    {"counts": [5, 5, 5, 5], "overlap": 0}])


def adjusted(scores, classes, counts, strength):
    share = torch.tensor(counts, dtype=torch.float64) / sum(counts)
    return cross_entropy(scores + strength * share.log(), torch.tensor(classes))


golden("LogitAdjustmentLoss", adjusted, EQUATION, [
    {"counts": [500, 20, 3, 1], "strength": 1}, {"counts": [500, 20, 3, 1], "strength": 0.3},
    {"counts": [1, 2, 3, 4], "strength": 0}])


def early(scores, classes, momentum, weight, targets):
    CONFIGURATION["train_loss"]["args"]["lambda"] = weight
    loss = elr_loss.elr_loss(len(classes), scores.shape[1], momentum)
    loss.target = torch.tensor(targets)
    return loss(torch.arange(len(classes)), scores, torch.tensor(classes))


BEFORE = (0.5 * rows(3, 5, 4).softmax(1)).tolist()
ZERO = torch.zeros(5, 4).tolist()
golden("EarlyLearningLoss", early, AUTHORS, [
    {"momentum": 0.7, "weight": 3, "targets": BEFORE}, {"momentum": 0.3, "weight": 1, "targets": ZERO},
    {"momentum": 0, "weight": 7, "targets": BEFORE}])


def scaled(scores, normalization):
    if normalization == "none":
        return scores
    positive = torch.nn.functional.softplus(scores) if normalization == "softplus" else scores
    return positive / positive.abs().mean(1, keepdim=True)


def robust(scores, classes, temperature, margin, normalization):
    if normalization == "softplus":
        return ldr_loss.LDRLoss_V1(margin, temperature)(scores, hot(scores, classes))
    s = scaled(scores, normalization)
    labels = hot(scores, classes)
    apart = s - (s * labels).sum(1, keepdim=True) + margin * (1 - labels)
    return (temperature * ((apart / temperature).logsumexp(1) - math.log(s.shape[1]))).mean()


golden("LDRKLLoss", robust, AUTHORS, [
    {"temperature": 10, "margin": 0.1, "normalization": "softplus"},
    {"temperature": 0.5, "margin": 2, "normalization": "softplus"},
    {"temperature": 0.3, "margin": 1, "normalization": "magnitude"},
    {"temperature": 1, "margin": 0, "normalization": "none"}])


def adaptive(scores, classes, temperature, margin, robustness, normalization, temperatures):
    loss = ldr_loss.ALDRLoss_V1(
        len(classes), margin, float(temperature), robustness, normalization == "softplus")
    loss.Lambda_ref = torch.tensor(float(temperature))
    loss.Lambda = torch.tensor(temperatures).view(-1, 1)
    return loss(scores, hot(scores, classes), torch.arange(len(classes)))


golden("ALDRKLLoss", adaptive, AUTHORS, [
    {"temperature": 10, "margin": 0.1, "robustness": 2, "normalization": "magnitude",
     "temperatures": [10.0] * 5},
    {"temperature": 1, "margin": 1, "robustness": 1.5, "normalization": "magnitude",
     "temperatures": [1.0, 0.5, 0.1, 0.7, 0.34]},
    {"temperature": 0.5, "margin": 0.1, "robustness": 2, "normalization": "softplus",
     "temperatures": [0.5, 0.4, 0.3, 0.26, 0.5]}])


def any_measure(scores, positives, measure, beta, steepness):
    y = torch.tensor(positives, dtype=torch.float64)
    a = 1 / (1 + torch.exp(-steepness * (scores[:, 0].sigmoid() - 0.5)))
    n, y1, s = len(y), y.sum(), 1e-5
    tp, tn = (y * a).sum(), n - y1 - a.sum() + (y * a).sum()
    if measure == "fMeasure":
        return 1 - (1 + beta ** 2) * tp / (beta ** 2 * y1 + a.sum() + s)
    if measure == "geometricMean":
        return 1 - tp * tn / (y1 * (n - y1) + s)
    if measure == "balancedAccuracy":
        return 1 - ((n - y1) * tp + y1 * tn) / (2 * y1 * (n - y1) + s)
    return 1 - (tp + tn) / n


MIXED = [True, False, False, True, False, False]
write("AnyLoss", SCRIPT, "the equations of the authors' README in PyTorch", [
    case(any_measure, {"measure": measure, "beta": beta, "steepness": steepness, "positives": labels},
         rows(4, len(labels), 1))
    for measure, beta, steepness, labels in [
        ("fMeasure", 1, 30, MIXED), ("fMeasure", 2, 5, MIXED), ("geometricMean", 1, 10, MIXED),
        ("balancedAccuracy", 1, 10, MIXED), ("accuracy", 1, 10, MIXED),
        ("fMeasure", 1, 5, [False] * 4), ("balancedAccuracy", 1, 5, [True])]], "NoiseTests")


def dice(scores, classes, exponent, smoothing, squares, pools):
    p, y = scores.softmax(1), hot(scores, classes)
    theirs = dice_loss.DiceLoss(
        smoothing, squares, with_logits=False, alpha=exponent, reduction="mean")
    if pools:
        return sum(theirs._binary_class(p[:, c], y[:, c]) for c in range(p.shape[1]))
    if squares:
        return theirs(p, torch.tensor(classes))
    f = (1 - p) ** exponent * p
    return (1 - (2 * f * y + smoothing) / (f + y + smoothing)).sum(1).mean()


write("DiceLoss", SCRIPT, AUTHORS, [
    case(dice, {**options, "classes": CLASSES}, SCORES) for options in [
        {"exponent": 0, "smoothing": 1e-4, "squares": True, "pools": False},
        {"exponent": 1, "smoothing": 1, "squares": True, "pools": False},
        {"exponent": 0, "smoothing": 1e-4, "squares": False, "pools": True},
        {"exponent": 0.6, "smoothing": 0.5, "squares": False, "pools": True},
        {"exponent": 2, "smoothing": 1, "squares": True, "pools": True},
        {"exponent": 0.6, "smoothing": 1, "squares": False, "pools": False}]], "NoiseTests")


def tversky(
        scores, classes, falsePositiveWeight, falseNegativeWeight, exponent, smoothing, pools):
    p, y = scores.softmax(1), hot(scores, classes)
    f = (1 - p) ** exponent * p
    terms = [f * y, f * (1 - y), (1 - f) * y]
    tp, fp, fn = [t.sum(0, keepdim=True) for t in terms] if pools else terms
    index = (tp + smoothing) / (
        tp + falsePositiveWeight * fp + falseNegativeWeight * fn + smoothing)
    return (1 - index).sum(1).mean()


write("TverskyLoss", SCRIPT, EQUATION, [
    case(tversky, {
        "falsePositiveWeight": a, "falseNegativeWeight": b, "exponent": e, "smoothing": g,
        "pools": pools, "classes": CLASSES}, SCORES)
    for a, b, e, g, pools in [
        (0.5, 0.5, 0, 1e-4, False), (0.3, 0.7, 1, 1, False), (0.9, 0.1, 0, 0.1, True),
        (0, 0, 0.5, 1, False)]], "NoiseTests")


def bias(features, scores, classes, scale, offset, smallest):
    loss = biasloss.BiasLoss(scale, offset, "global")
    loss.global_min = torch.tensor(smallest)
    return loss(features, scores, torch.tensor(classes))


write("BiasLoss", SCRIPT, AUTHORS, [
    case(bias, {"scale": scale, "offset": offset, "smallest": smallest, "classes": CLASSES},
         rows(5, 5, 6), SCORES)
    for scale, offset, smallest in [(0.3, 0.3, 1e5), (0.3, 0.3, 0.01), (2, -1, 1e5)]], "NoiseTests")
