#!/usr/bin/env python3
"""Writes Tests/MediaTests/Goldens/JPEGPictures.json: pictures packed and unpacked by libjpeg-turbo.

Requires Pillow, which includes libjpeg-turbo.
"""
import io
import json
import pathlib

import numpy
import PIL
from PIL import Image

cases = []


def case(name, width, height, mode, **options):
    y, x = numpy.mgrid[0:height, 0:width].astype(float)
    waves = [numpy.sin(x / 3 + c) * numpy.cos(y / (4 + c)) + 0.3 * numpy.sin(x * y / 9)
             for c in range(len(mode) if mode != "L" else 1)]
    pixels = numpy.stack([127.5 + 90 * w for w in waves], 2).clip(0, 255).astype(numpy.uint8)
    image = Image.fromarray(pixels[:, :, 0] if mode == "L" else pixels, mode)
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    found = numpy.asarray(Image.open(io.BytesIO(file.getvalue())))
    found = found.reshape(height, width, -1).transpose(2, 0, 1)
    cases.append({"name": name, "width": width, "height": height, "channels": found.shape[0],
                  "file": file.getvalue().hex(), "pixels": found.reshape(-1).tolist()})


case("grey", 17, 9, "L", quality=80)
case("colours as fine as grey", 13, 11, "RGB", quality=75, subsampling=0)
case("colours coarser across", 18, 10, "RGB", quality=75, subsampling=1)
case("colours coarser both ways", 32, 32, "RGB", quality=75, subsampling=2)
case("odd sides", 19, 21, "RGB", quality=90, subsampling=2)
case("restarts", 40, 18, "RGB", quality=60, subsampling=2, restart_marker_blocks=1)
case("best", 8, 8, "RGB", quality=100, subsampling=0, optimize=True)
case("progressive", 21, 17, "RGB", quality=85, progressive=True)
printing = io.BytesIO()
Image.new("CMYK", (8, 8), (9, 99, 199, 3)).save(printing, "JPEG")
target = pathlib.Path(__file__).parents[2] / "Tests/MediaTests/Goldens/JPEGPictures.json"
target.write_text(json.dumps({
    "source": "Pillow's libjpeg-turbo", "version": PIL.__version__,
    "script": "Scripts/goldens/jpeg.py",
    "cases": [{"pictures": cases, "printing": printing.getvalue().hex()}]},
    separators=(",", ":")) + "\n")
