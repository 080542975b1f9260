#!/usr/bin/env python3
"""Writes the goldens of the views of pictures, series and texts.

Every view is reimplemented from its formula, row by row, with random numbers from PyTorch's generator
in the order of the view's draws; `options` is the view's record.
"""
import colorsys
import json
import math
import pathlib

import numpy
import torch
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
GOLDENS = pathlib.Path(__file__).parents[2] / "Tests/ContrastiveTests/Goldens"


def encoded(t):
    return {"shape": list(t.shape), "values": t.reshape(-1).tolist()}


def write(name, source, cases):
    (GOLDENS / f"{name}.json").write_text(json.dumps({
        "source": source, "version": torch.__version__.split("+")[0],
        "script": "Scripts/goldens/views.py", "cases": cases}) + "\n")


def batches(view, cases):
    found = []
    for seed, options, shape in cases:
        g = torch.Generator().manual_seed(seed)
        x = torch.rand(*shape, generator=torch.Generator().manual_seed(100 + seed))
        if shape[1] == 3 and len(shape) == 4:
            # Pixels whose hue depends on the definition: grey, black, and two equal channels.
            x[0, :, 0, 0] = 0.5
            x[0, :, 0, 1] = 0
            x[0, :, 1, 0] = torch.tensor([0.7, 0.7, 0.2])
            x[0, :, 1, 1] = torch.tensor([0.3, 0.9, 0.9])
        found.append({"seed": seed, "options": options, "input": encoded(x),
                      "value": encoded(view(x, g, **options))})
    return found


def uniform(g, *shape):
    return torch.empty(shape).uniform_(generator=g)


def some(x, changed, probability, g):
    hit = (uniform(g, len(x)) < probability).tolist()
    return torch.stack([c if h else a for a, c, h in zip(x, changed, hit)])


def flip(x, g, probability):
    return some(x, x[..., torch.arange(x.shape[3] - 1, -1, -1)], probability, g)


def crop(x, g, smallestArea, largestArea, largestRatio):
    n, _, height, width = x.shape
    draws, places = uniform(g, n, 2, 10).tolist(), uniform(g, n, 2).tolist()
    rows = []
    for row in range(n):
        for share, turn in zip(*draws[row]):
            area = (smallestArea + (largestArea - smallestArea) * share) * height * width
            ratio = math.exp((2 * turn - 1) * math.log(largestRatio))
            h, w = round(math.sqrt(area / ratio)), round(math.sqrt(area * ratio))
            if 0 < h <= height and 0 < w <= width:
                top = int(places[row][0] * (height - h + 1))
                left = int(places[row][1] * (width - w + 1))
                break
        else:
            h = min(height, max(int(width * largestRatio + 0.5), 1))
            w = min(width, max(int(height * largestRatio + 0.5), 1))
            top, left = (height - h) // 2, (width - w) // 2
        part = x[row:row + 1, :, top:top + h, left:left + w]
        rows.append(F.interpolate(part, (height, width), mode="bilinear", align_corners=False))
    return torch.cat(rows)


def grey(x):
    return (0.299 * x[0] + 0.587 * x[1] + 0.114 * x[2])[None] if len(x) == 3 else x


def turned(x, turn):
    if len(x) == 1:
        return x
    out = x.clone()
    for i in range(x.shape[1]):
        for j in range(x.shape[2]):
            h, s, v = colorsys.rgb_to_hsv(*x[:, i, j].tolist())
            out[:, i, j] = torch.tensor(colorsys.hsv_to_rgb((h + turn) % 1, s, v))
    return out


def colours(x, g, brightness, contrast, saturation, hue, probability):
    n = len(x)
    factors = [
        max(0, 1 - s) + (1 + s - max(0, 1 - s)) * uniform(g, n)
        for s in (brightness, contrast, saturation)]
    turns = -hue + 2 * hue * uniform(g, n)
    order = torch.randperm(4, generator=g).tolist()
    rows = []
    for row in range(n):
        y = x[row]
        a, b, c = (f[row] for f in factors)
        for change in order:
            if change == 0:
                y = (a * y).clamp(0, 1)
            elif change == 1:
                y = (b * y + (1 - b) * grey(y).mean()).clamp(0, 1)
            elif change == 2:
                y = (c * y + (1 - c) * grey(y)).clamp(0, 1)
            else:
                y = turned(y, turns[row].item())
        rows.append(y)
    return some(x, rows, probability, g)


def colourless(x, g, probability):
    return some(x, [grey(y).expand_as(y) for y in x], probability, g)


def blur(x, g, kernel, smallestWidth, largestWidth, probability):
    widths = smallestWidth + (largestWidth - smallestWidth) * uniform(g, len(x))
    rows = []
    for y, sigma in zip(x, widths.tolist()):
        r = kernel // 2
        w = torch.tensor([math.exp(-t * t / 2 / sigma ** 2) for t in range(-r, r + 1)])
        w = torch.outer(w, w) / w.sum() ** 2
        wide = F.pad(y[:, None], (r, r, r, r), mode="reflect")
        rows.append(F.conv2d(wide, w[None, None])[:, 0])
    return some(x, rows, probability, g)


def standardised(x, style, area):
    spectrum = numpy.fft.fftshift(numpy.fft.fft2(x.numpy()), axes=(2, 3))
    amplitude, phase = numpy.abs(spectrum), numpy.angle(spectrum)
    height, width = x.shape[2:]
    h, w = int(math.sqrt(area) * height / 2), int(math.sqrt(area) * width / 2)
    i, j = height // 2, width // 2
    rows, columns = slice(max(i - h, 0), i + h + 1), slice(max(j - w, 0), j + w + 1)
    amplitude[:, :, rows, columns] = amplitude[style, :, rows, columns]
    changed = numpy.fft.ifftshift(amplitude * numpy.exp(1j * phase), axes=(2, 3))
    found = numpy.fft.ifft2(changed)
    assert numpy.abs(found.imag).max() < 1e-12
    return torch.from_numpy(found.real.copy())


def style(x, g, smallestArea, largestArea):
    k = torch.randint(0, len(x), (1,), generator=g).item()
    r = smallestArea + (largestArea - smallestArea) * uniform(g, 1).item()
    return standardised(x, k, r)


def chain(x, g, **options):
    steps = [("style", style), ("crop", crop), ("flip", flip), ("colours", colours),
             ("greyscale", colourless), ("blur", blur)]
    for name, view in steps:
        if name in options:
            x = view(x, g, **options[name])
    return x


def jitter(x, g, deviation):
    return x + deviation * torch.randn(x.shape, generator=g)


def scaling(x, g, deviation):
    return x * (1 + deviation * torch.randn(x.shape[0], x.shape[1], 1, generator=g))


def permutation(x, g, largestCount):
    counts = torch.randint(1, largestCount + 1, (len(x),), generator=g).tolist()
    keys = uniform(g, len(x), largestCount).numpy()
    rows = []
    for y, count, key in zip(x.numpy(), counts, keys):
        pieces = numpy.array_split(y, count, axis=1)
        rows.append(numpy.concatenate([pieces[i] for i in numpy.argsort(key[:count])], axis=1))
    return torch.from_numpy(numpy.stack(rows))


def stretch(x, g, smallestShare):
    length = x.shape[2]
    shares = smallestShare + (1 - smallestShare) * uniform(g, len(x))
    starts = uniform(g, len(x))
    rows = []
    for y, share, start in zip(x, shares.tolist(), starts.tolist()):
        count = max(math.ceil(share * length), 2)
        first = int(start * (length - count + 1))
        rows.append(F.interpolate(
            y[None, :, first:first + count], length, mode="linear", align_corners=True))
    return torch.cat(rows)


def texts(view, cases):
    found = []
    for seed, options, rows in cases:
        g = torch.Generator().manual_seed(seed)
        found.append({"seed": seed, "options": options, "rows": rows, "columns": 50,
                      "value": view(rows, g, **options)})
    return found


def dropout(rows, g, probability):
    luck = uniform(g, sum(map(len, rows))).tolist()
    out = []
    for row in rows:
        mine, luck = luck[:len(row)], luck[len(row):]
        kept = [t for t, u in zip(row, mine) if u >= probability]
        out.append(kept or [t for t, u in zip(row, mine) if u == max(mine)])
    return out


def spans(rows, g, share, ending, longest, replacement=None):
    weights = [ending * (1 - ending) ** (n - 1) for n in range(1, longest + 1)]
    budgets = [min(math.ceil(share * len(r)), max(len(r) - 1, 0)) for r in rows]
    draws = uniform(g, sum(budgets), 2).tolist()
    out = []
    for row, budget in zip(rows, budgets):
        mine, draws = draws[:budget], draws[budget:]
        hidden = []
        for level, place in mine:
            if len(hidden) == budget:
                break
            n, total = 1, weights[0]
            while n < longest and level * sum(weights) >= total:
                total += weights[n]
                n += 1
            n = min(n, len(row))
            first = int(place * (len(row) - n + 1))
            hidden += [i for i in range(first, first + n) if i not in hidden]
            hidden = hidden[:budget]
        out.append([t if i not in hidden else replacement for i, t in enumerate(row)
                    if i not in hidden or replacement is not None])
    return out


def turns(x, g):
    classes = torch.randint(0, 4, (len(x),), generator=g).tolist()
    return [numpy.rot90(y, k, (1, 2)) for y, k in zip(x.numpy(), classes)], classes


def orders(count, seed):
    """Draws with SplitMix64 (Steele, Lea, Flood 2014), then chooses the farthest order each time."""
    mask = 2 ** 64 - 1

    def after(state):
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return state, z ^ (z >> 31)

    state, candidates = after(seed)[1], []
    for _ in range(1000):
        keys = []
        for _ in range(9):
            state, key = after(state)
            keys.append(key)
        candidates.append(sorted(range(9), key=keys.__getitem__))
    chosen = [candidates[0]]
    while len(chosen) < count:
        chosen.append(max(
            candidates, key=lambda c: min(sum(a != b for a, b in zip(c, d)) for d in chosen)))
    return chosen


def jigsaw(x, g, orderCount, seed):
    classes = torch.randint(0, orderCount, (len(x),), generator=g).tolist()
    h, w = x.shape[2] // 3, x.shape[3] // 3
    table, tiles = orders(orderCount, seed), []
    for y, k in zip(x, classes):
        for t in table[k]:
            i, j = divmod(t, 3)
            tiles.append(y[:, i * h:(i + 1) * h, j * w:(j + 1) * w])
    return tiles, classes


def pretexts(view, cases):
    found = []
    for seed, options, shape in cases:
        g = torch.Generator().manual_seed(seed)
        x = torch.rand(*shape, generator=torch.Generator().manual_seed(100 + seed))
        pictures, classes = view(x, g, **options)
        pictures = torch.stack([torch.as_tensor(p.copy() if isinstance(p, numpy.ndarray) else p)
                                for p in pictures])
        found.append({"seed": seed, "options": options, "input": encoded(x),
                      "value": encoded(pictures), "classes": classes})
    return found


OWN = "the view's formula, row by row, "
write("HorizontalFlip", OWN + "in PyTorch", batches(flip, [
    (1, {"probability": 0.5}, [6, 1, 2, 3]), (2, {"probability": 1.0}, [2, 3, 2, 2])]))
write("RandomResizedCrop", "PyTorch interpolate on the cut-out part", batches(crop, [
    (1, {"smallestArea": 0.2, "largestArea": 1.0, "largestRatio": 4 / 3}, [5, 1, 6, 8]),
    (2, {"smallestArea": 0.08, "largestArea": 0.5, "largestRatio": 2.0}, [3, 3, 5, 5]),
    (3, {"smallestArea": 0.9, "largestArea": 1.0, "largestRatio": 1.1}, [2, 1, 3, 11])]))
write("ColourJitter", OWN + "with Python's colorsys", batches(colours, [
    (s, {"brightness": 0.4, "contrast": 0.4, "saturation": 0.4, "hue": 0.1, "probability": p},
     [3, c, 3, 3]) for s, p, c in [(1, 0.8, 3), (2, 1.0, 3), (3, 1.0, 1)]] + [
    (4, {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.5, "probability": 1.0},
     [2, 3, 4, 4]),
    (5, {"brightness": 1.5, "contrast": 1.2, "saturation": 2.0, "hue": 0.0, "probability": 1.0},
     [2, 3, 3, 3])]))
write("RandomGreyscale", OWN + "in PyTorch", batches(colourless, [
    (1, {"probability": 0.5}, [5, 3, 2, 2]), (2, {"probability": 1.0}, [2, 1, 2, 2])]))
write("GaussianBlur", "PyTorch conv2d after padding by reflection", batches(blur, [
    (1, {"kernel": 3, "smallestWidth": 0.1, "largestWidth": 2.0, "probability": 0.5}, [4, 1, 4, 5]),
    (2, {"kernel": 5, "smallestWidth": 0.5, "largestWidth": 3.0, "probability": 1.0},
     [2, 3, 4, 3])]))
write("BatchStyleStandardization", "numpy.fft on the whole spectrum", batches(style, [
    (1, {"smallestArea": 0.0, "largestArea": 0.3}, [3, 1, 6, 5]),
    (2, {"smallestArea": 0.2, "largestArea": 0.6}, [3, 3, 5, 4]),
    (3, {"smallestArea": 1.0, "largestArea": 1.0}, [2, 1, 4, 6])]))
write("ImageViews", OWN + "in PyTorch", batches(chain, [
    (1, {"crop": {"smallestArea": 0.2, "largestArea": 1.0, "largestRatio": 4 / 3},
         "flip": {"probability": 0.5},
         "colours": {"brightness": 0.4, "contrast": 0.4, "saturation": 0.4, "hue": 0.1,
                     "probability": 0.8}, "greyscale": {"probability": 0.2}}, [4, 3, 4, 4]),
    (2, {"style": {"smallestArea": 0.0, "largestArea": 0.5},
         "blur": {"kernel": 3, "smallestWidth": 0.1, "largestWidth": 2.0, "probability": 0.5}},
     [3, 1, 4, 5])]))
write("SeriesJitter", OWN + "in PyTorch", batches(jitter, [
    (1, {"deviation": 0.05}, [3, 2, 5]), (2, {"deviation": 1.0}, [2, 1, 4])]))
write("SeriesScaling", OWN + "in PyTorch", batches(scaling, [
    (1, {"deviation": 0.1}, [3, 2, 5]), (2, {"deviation": 1.0}, [2, 3, 4])]))
write("SeriesPermutation", "numpy.array_split", batches(permutation, [
    (1, {"largestCount": 5}, [6, 2, 11]), (2, {"largestCount": 3}, [4, 1, 3])]))
write("SeriesCrop", "PyTorch interpolate on the stretch", batches(stretch, [
    (1, {"smallestShare": 0.5}, [4, 2, 9]), (2, {"smallestShare": 0.1}, [4, 1, 12])]))
ROWS = [[3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5], [], [7], [8, 8, 8, 8], list(range(30))]
write("TokenDropout", OWN + "in Python", texts(dropout, [
    (1, {"probability": 0.3}, ROWS), (2, {"probability": 0.95}, ROWS)]))
write("SpanMask", OWN + "in Python", texts(spans, [
    (1, {"share": 0.15, "ending": 0.2, "longest": 10}, ROWS),
    (2, {"share": 0.5, "ending": 0.4, "longest": 3, "replacement": 49}, ROWS),
    (3, {"share": 1.0, "ending": 0.2, "longest": 10, "replacement": 49}, ROWS)]))
write("QuarterTurns", "numpy.rot90", pretexts(turns, [
    (1, {}, [8, 2, 3, 3]), (2, {}, [3, 1, 4, 4])]))
cases = pretexts(jigsaw, [
    (1, {"orderCount": 35, "seed": 0}, [3, 1, 6, 9]),
    (2, {"orderCount": 4, "seed": 7}, [4, 2, 5, 4])])
for case in cases:
    case["orders"] = orders(**{"count": case["options"]["orderCount"],
                               "seed": case["options"]["seed"]})
write("Jigsaw", OWN + "in PyTorch", cases)
