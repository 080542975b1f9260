#!/usr/bin/env python3
"""Writes Tests/ContrastiveTests/Goldens/ScatteringTransform.json: Kymatio in double precision.

Kymatio computes its filters in single precision and with 3.1415 for pi; here its function for Gabor
filters is replaced with one in double precision and with exact pi. The result is first compared with
that of unmodified Kymatio.
"""
import json
import pathlib

import numpy
import scipy.special

# Kymatio 0.3.0 imports a function that SciPy has removed; only its 3-D code uses it.
scipy.special.sph_harm = getattr(scipy.special, "sph_harm", None)
import kymatio  # noqa: E402
from kymatio.numpy import Scattering2D  # noqa: E402
from kymatio.scattering2d import filter_bank as bank  # noqa: E402

plain = bank.gabor_2d


def gabor(m, n, sigma, theta, xi, slant=1.0, offset=0):
    total = numpy.zeros((m, n), complex)
    for i in range(-2, 3):
        for j in range(-2, 3):
            y, x = numpy.mgrid[i * m:(i + 1) * m, j * n:(j + 1) * n].astype(float)
            along = y * numpy.cos(theta) + x * numpy.sin(theta)
            across = x * numpy.cos(theta) - y * numpy.sin(theta)
            total += numpy.exp(
                -(along ** 2 + (slant * across) ** 2) / (2 * sigma ** 2) + 1j * xi * along)
    return total * slant / (2 * numpy.pi * sigma ** 2)


cases = []
for seed, shape, height, width, scales, angles in [
        (1, (2, 1), 8, 8, 1, 4), (2, (1, 2), 9, 7, 2, 2), (3, (1, 1), 8, 10, 3, 3),
        (4, (1, 1), 14, 14, 2, 8)]:
    x = numpy.random.default_rng(seed).random(shape + (height, width))
    values = []
    for function in (plain, gabor):
        bank.gabor_2d = function
        values.append(Scattering2D(J=scales, shape=(height, width), L=angles)(x))
    assert numpy.abs(values[0] - values[1]).max() < 1e-4, numpy.abs(values[0] - values[1]).max()
    value = values[1].reshape(shape[0], -1, *values[1].shape[-2:])
    cases.append({
        "options": {"height": height, "width": width, "scales": scales, "angles": angles},
        "input": {"shape": list(x.shape), "values": x.reshape(-1).tolist()},
        "value": {"shape": list(value.shape), "values": value.reshape(-1).tolist()}})
path = pathlib.Path(__file__).parents[2] / "Tests/ContrastiveTests/Goldens/ScatteringTransform.json"
path.write_text(json.dumps({
    "source": "Kymatio, its filters in double precision", "version": kymatio.__version__,
    "script": "Scripts/goldens/scattering_transform.py", "cases": cases}) + "\n")
