#!/usr/bin/env python3
"""Writes Tests/ContrastiveTests/Goldens/DecoupledSceneMotion.json.

The views pixel by pixel and frame by frame, with PyTorch's random numbers in the order of the draws;
the loss by torch.nn.TripletMarginLoss as in the authors' training.
"""
import json
import math
import pathlib

import torch

torch.set_default_dtype(torch.float64)


def encoded(t):
    return {"shape": list(t.shape), "values": t.detach().reshape(-1).tolist()}


def pick(frame, y, x):
    height, width = frame.shape[-2:]
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    i, j = min(int(y), height - 2), min(int(x), width - 2)
    a, b = y - i, x - j
    return ((1 - a) * (1 - b) * frame[..., i, j] + (1 - a) * b * frame[..., i, j + 1]
            + a * (1 - b) * frame[..., i + 1, j] + a * b * frame[..., i + 1, j + 1])


def scene(clips, g, pulls):
    n, _, _, height, width = clips.shape
    numbers = torch.randint(1, pulls + 1, (n,), generator=g).tolist()
    draws = torch.empty(n, pulls, 4).uniform_(generator=g).tolist()
    h, w = height / 224, width / 224
    out = clips.clone()
    for clip in range(n):
        for row in range(height):
            for column in range(width):
                y, x = row, column
                for a, b, c, d in reversed(draws[clip][:numbers[clip]]):
                    sy, sx = (10 + 10 * c) * h, (10 + 10 * d) * w
                    ty, tx = (60 + 80 * a) * h + sy, (60 + 80 * b) * w + sx
                    r = math.dist((y, x), (ty, tx)) / math.hypot(sy, sx)
                    f = 0.5 / (3 * r ** 4 + 1)
                    y, x = y - f * sy, x - f * sx
                out[clip, :, :, row, column] = pick(clips[clip], y, x)
    return out


def motion(clips, g, share):
    n, _, length = clips.shape[:3]
    changes = 2 * max(1, int(share * length))
    draws = torch.randint(0, length, (n, 2, changes, 2), generator=g).tolist()
    rows = []
    for clip, (insertions, exchanges) in zip(clips, draws):
        frames = list(range(length))
        for place, source in insertions:
            frames = frames[:place] + [frames[source]] + frames[place:-1]
        for a, b in exchanges:
            frames[a], frames[b] = frames[b], frames[a]
        rows.append(clip[:, frames])
    return torch.stack(rows)


cases = []
for seed, shape, pulls, share, margin in [
        (1, (2, 1, 3, 6, 5), 3, 0.1, 0.5), (2, (2, 1, 9, 3, 4), 1, 0.3, 2.0)]:
    options = {"largestPullCount": pulls, "frameShare": share, "margin": margin}
    data = torch.Generator().manual_seed(50 + seed)
    clips = torch.rand(*shape, generator=data)
    q, k, z = (torch.randn(4, 3, generator=data).requires_grad_() for _ in range(3))
    triplet = torch.nn.TripletMarginLoss(margin=margin, p=2)
    value = triplet(q, k, z) + triplet(q, k, z.flip(0))
    value.backward()
    cases.append({
        "seed": seed, "options": options, "clips": encoded(clips),
        "scene": encoded(scene(clips, torch.Generator().manual_seed(seed), pulls)),
        "motion": encoded(motion(clips, torch.Generator().manual_seed(seed), share)),
        "anchors": q.tolist(), "positives": k.tolist(), "negatives": z.tolist(),
        "value": value.item(),
        "gradients": [encoded(t.grad) for t in (q, k, z)]})
path = pathlib.Path(__file__).parents[2] / "Tests/ContrastiveTests/Goldens/DecoupledSceneMotion.json"
path.write_text(json.dumps({
    "source": "the views pixel by pixel; PyTorch TripletMarginLoss",
    "version": torch.__version__.split("+")[0],
    "script": "Scripts/goldens/decoupled_scene_motion.py", "cases": cases}) + "\n")
