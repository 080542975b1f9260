#!/usr/bin/env python3
"""Writes Tests/MediaTests/Goldens/Images.json: a ZIP file of zipfile, and PNG files whose pixels are
known, their filters applied by the formulas of the specification."""
import io
import json
import pathlib
import random
import struct
import zipfile
import zlib

random.seed(5)


def chunk(name, content):
    return (struct.pack(">I", len(content)) + name + content
            + struct.pack(">I", zlib.crc32(name + content)))


def paeth(a, b, c):
    p = a + b - c
    return min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]


def filtered(rows, step, kinds):
    out, before = bytearray(), bytes(len(rows[0]))
    for row, kind in zip(rows, kinds):
        out.append(kind)
        for i, x in enumerate(row):
            a = row[i - step] if i >= step else 0
            b = before[i]
            c = before[i - step] if i >= step else 0
            guess = [0, a, b, (a + b) // 2, paeth(a, b, c)][kind]
            out.append((x - guess) % 256)
        before = row
    return bytes(out)


def png(width, height, depth, colour, rows, kinds, palette=b"", level=9, parts=1, clear=b"", passes=None):
    samples = [1, 0, 3, 1, 2, 0, 4][colour]
    lines = passes or filtered(rows, max(samples * depth // 8, 1), kinds)
    packed = zlib.compress(lines, level)
    cut = -(-len(packed) // parts)
    return (b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 1 if passes else 0))
            + chunk(b"tEXt", b"Title\0none") + (chunk(b"PLTE", palette) if palette else b"")
            + (chunk(b"tRNS", clear) if clear else b"")
            + b"".join(chunk(b"IDAT", packed[i:i + cut]) for i in range(0, len(packed), cut))
            + chunk(b"IEND", b""))


pictures = []


def picture(name, width, height, channels, pixels, file):
    pictures.append({"name": name, "width": width, "height": height, "channels": channels,
                     "pixels": pixels, "file": file.hex()})


def noise(count, top=255):
    return [random.randint(0, top) for _ in range(count)]


grey = [noise(7) for _ in range(6)]
picture("grey", 7, 6, 1, sum(grey, []),
        png(7, 6, 8, 0, [bytes(r) for r in grey], [0, 1, 2, 3, 4, 4], parts=3))
for colour, samples in [(2, 3), (4, 2), (6, 4)]:
    rows = [noise(5 * samples) for _ in range(5)]
    picture(f"colour type {colour}", 5, 5, samples,
            [rows[y][x * samples + c] for c in range(samples) for y in range(5) for x in range(5)],
            png(5, 5, 8, colour, [bytes(r) for r in rows], [4, 3, 2, 1, 0]))
for depth in [1, 2, 4]:
    top = 2 ** depth - 1
    rows = [noise(9, top) for _ in range(3)]
    packed = []
    for row in rows:
        bits = "".join(format(x, f"0{depth}b") for x in row)
        bits += "0" * (-len(bits) % 8)
        packed.append(bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8)))
    picture(f"grey of {depth} bits", 9, 3, 1, [x * 255 // top for r in rows for x in r],
            png(9, 3, depth, 0, packed, [0, 2, 1]))
    if depth == 2:
        palette = bytes(noise(12))
        picture("palette", 9, 3, 3,
                [palette[3 * x + c] for c in range(3) for r in rows for x in r],
                png(9, 3, 2, 3, packed, [0, 2, 4], palette))
# Few distinct values, so that the fourth filter compares equal ones often.
ties = [noise(12, 3) for _ in range(8)]
picture("ties", 12, 8, 1, sum(ties, []), png(12, 8, 8, 0, [bytes(r) for r in ties], [4] * 8))
wide = [noise(4 * 2) for _ in range(2)]
picture("grey of 16 bits", 4, 2, 1, [r[2 * i] for r in wide for i in range(4)],
        png(4, 2, 16, 0, [bytes(r) for r in wide], [1, 4]))

# One value that counts as transparent, and a palette with transparent colours: neither adds a
# channel.
picture("a transparent grey", 7, 6, 1, sum(grey, []),
        png(7, 6, 8, 0, [bytes(r) for r in grey], [0] * 6, clear=struct.pack(">H", grey[2][3])))
picture("a palette in part transparent", 3, 1, 3, [10, 40, 10, 20, 50, 20, 30, 60, 30],
        png(3, 1, 8, 3, [bytes([0, 1, 0])], [0], bytes([10, 20, 30, 40, 50, 60]), clear=bytes([0])))
# Seven passes: the first pixel of each and the distances between its pixels, across and down.
passes = b"".join(
    bytes([0]) + bytes(grey[y][x] for x in range(left, 7, right))
    for left, right, top, down in [(0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4),
                                   (1, 2, 0, 2), (0, 1, 1, 2)]
    for y in range(top, 6, down))
picture("interlaced", 7, 6, 1, sum(grey, []), png(7, 6, 8, 0, [], [], passes=passes))

archive = io.BytesIO()
with zipfile.ZipFile(archive, "w") as file:
    for name, method in [("set/b/2.png", 8), ("set/a/1.png", 0), ("set/b/1.png", 8)]:
        content = png(2, 2, 8, 0, [bytes([1, 2]), bytes([3, ord(name[4])])], [0, 0])
        file.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    file.writestr(zipfile.ZipInfo("set/"), b"")
    file.writestr(zipfile.ZipInfo("set/a/notes.txt"), b"not a picture")
    file.writestr(zipfile.ZipInfo("set/a/._1.png"), b"nothing of interest")
target = pathlib.Path(__file__).parents[2] / "Tests/MediaTests/Goldens/Images.json"
target.write_text(json.dumps({
    "source": "Python's zlib and zipfile", "version": zlib.ZLIB_VERSION,
    "script": "Scripts/goldens/images.py",
    "cases": [{"pictures": pictures, "archive": archive.getvalue().hex()}]})
    + "\n")
