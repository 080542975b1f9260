#!/usr/bin/env python3
"""Writes Tests/DatasetsTests/Goldens/TextFeatures.json: vocabularies and bags of a few texts.

Uses strings, dictionaries and Python's regular expressions, and a separate XXH64
(https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md), so that it shares only the
documented definitions with the code under test.
"""
import collections
import json
import math
import pathlib
import platform
import re
import unicodedata

MASK = 2**64 - 1
P1, P2, P3, P4, P5 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9,
                      0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)


def rotate(x, n):
    return (x << n | x >> (64 - n)) & MASK


def xxh64(text):
    data = text.encode()

    def lane(a, x):
        return rotate((a + x * P2) & MASK, 31) * P1 & MASK

    rest = data
    if len(data) >= 32:
        v = [(P1 + P2) & MASK, P2, 0, -P1 & MASK]
        while len(rest) >= 32:
            for i in range(4):
                v[i] = lane(v[i], int.from_bytes(rest[8 * i:8 * i + 8], "little"))
            rest = rest[32:]
        h = sum(rotate(x, n) for x, n in zip(v, (1, 7, 12, 18))) & MASK
        for x in v:
            h = ((h ^ lane(0, x)) * P1 + P4) & MASK
    else:
        h = P5
    h = (h + len(data)) & MASK
    while len(rest) >= 8:
        h = (rotate(h ^ lane(0, int.from_bytes(rest[:8], "little")), 27) * P1 + P4) & MASK
        rest = rest[8:]
    if len(rest) >= 4:
        h = (rotate(h ^ int.from_bytes(rest[:4], "little") * P1 & MASK, 23) * P2 + P3) & MASK
        rest = rest[4:]
    for b in rest:
        h = rotate(h ^ b * P5 & MASK, 11) * P1 & MASK
    h = (h ^ h >> 33) * P2 & MASK
    h = (h ^ h >> 29) * P3 & MASK
    return h ^ h >> 32


assert xxh64("") == 0xEF46DB3751D8E999 and xxh64("abc") == 0x44BC2CF5AD770999


def words(text):
    # Non-ASCII letters and digits are replaced by an ASCII letter to find the words' boundaries.
    shape = "".join(c if c.isascii() else "a" if unicodedata.category(c)[0] in "LNM" else " " for c in text)
    return [text[m.start():m.end()] for m in re.finditer(r"[a-z0-9]+(?:\+\+|#)?", shape)]


# Blocks of scripts without spaces, and of Hangul.
UNSPACED = [(0xe01, 0xe3a), (0xe40, 0xe4e), (0xe81, 0xece), (0xedc, 0xedf), (0x1000, 0x103f), (0x1050, 0x108f),
            (0x1780, 0x17d3), (0x3005, 0x3007), (0x3041, 0x3096), (0x3099, 0x309a), (0x30a1, 0x30fa),
            (0x30fc, 0x30ff), (0x3400, 0x4dbf), (0x4e00, 0x9fff), (0x20000, 0x3fffd)]
HANGUL = [(0xac00, 0xd7a3)]


def script(c):
    if unicodedata.category(c)[0] not in "LNM":
        return ""
    return next((name for name, blocks in (("u", UNSPACED), ("h", HANGUL)) for a, b in blocks if a <= ord(c) <= b), "")


def folded(text):
    """The text with usual forms for full-width and half-width ones, without variation selectors."""
    text = re.sub("[\ufe00-\ufe0f\U000e0100-\U000e01ef]", "", text)
    usual = re.sub("[\uff01-\uffee]+", lambda m: unicodedata.normalize("NFKC", m[0]), text)
    return unicodedata.normalize("NFC", usual) if usual != text else text


def character_runs(text):
    """Each run as the list of its characters, marks with their base character."""
    shape = "".join(script(c) or ("." if unicodedata.category(c) not in ("Zs", "Cc", "Cf") else " ") for c in text)
    for m in re.finditer(r"u(?:[ ]*u)*|h+", shape):
        characters = []
        for i in range(m.start(), m.end()):
            joins = unicodedata.category(text[i])[0] == "M" or text[i] in "\u0e33\u0eb3"
            if joins and i > m.start() and shape[i - 1] != " ":
                characters[-1] += text[i]
            elif shape[i] != " ":
                characters.append(text[i])
        yield characters


def separated(text):
    """The text for finding words after scripts are separated, and the number of characters in runs."""
    text = folded(text)
    count = sum(map(len, character_runs(text)))
    unspaced = sum(script(c) == "u" for c in text)
    rest = "".join(" / " if script(c) == "u" else c for c in text)  # the slash separates pairs of words
    if unspaced and 4 * unspaced >= sum(unicodedata.category(c)[0] in "LNM" for c in text):
        title, colon, summary = re.sub(r"\s+", " ", text).partition(": ")
        if colon and not any(script(c) == "u" for c in title):
            rest = title + ": " + rest[rest.index(":") + 1:].lstrip()
        else:
            rest = rest.replace(":", ";")
        rest = re.sub(r"\s+", " ", rest)
    return rest, count


def lower(text):
    return "".join(c.lower() for c in text)  # each character by itself


def parts(text):
    lead, newline, body = lower(text).partition("\n")
    lead = lead[:-1] if newline and lead.endswith("\r") else lead
    title, colon, summary = lead.partition(": ")
    if not colon:
        title, summary = "", lead
    return {"text": lower(text), "lead": lead, "title": title, "summary": summary,
            "paragraphs": [title, summary] + re.split(r"\n[ \t\r\f\v]*\n", "\n" + body)}


def fold(start, tokens):
    for t in tokens:
        start = (start * 0x9E3779B97F4A7C15 + xxh64(t)) & MASK
    return start


def runs(text, lengths):
    text = f"<{text}>"
    return [xxh64(text[i:i + n]) for n in range(lengths[0], lengths[1] + 1) for i in range(len(text) - n + 1)]


def extract(family, text):
    unit = family["unit"]
    if unit == "unspacedCharacters":
        low, high = family["lengths"]
        found = [xxh64("".join(run[i:i + n])) for run in character_runs(folded(text))
                 for n in range(low, high + 1) for i in range(len(run) - n + 1)]
        return collections.Counter(h ^ xxh64("text/unspacedCharacters") for h in found)
    p = parts(separated(text)[0] if family.get("separates") else text)
    w = words(p[family["scope"]])
    if unit == "words":
        found = [xxh64(x) for x in w]
    elif unit == "wordPairs":
        groups = {"text": p["paragraphs"], "lead": p["paragraphs"][:2],
                  "title": p["paragraphs"][:1], "summary": p["paragraphs"][1:2]}[family["scope"]]
        # Pairs do not extend across a run of another script, which a slash replaces.
        pieces = [x for g in groups for x in (g.split(" / ") if family.get("separates") else [g])]
        found = [fold(0, pair) for g in map(words, pieces) for pair in zip(g, g[1:])]
    elif unit == "wordCharacters":
        found = [h for x in w for h in runs(x, family["lengths"])]
    elif unit == "characters":
        part = p[family["scope"]]
        found = runs(part, family["lengths"]) if part else []
    elif unit == "affixes":
        found = [fold(1, w[:i]) for i in range(1, min(len(w), 16) + 1)]
        found += [fold(2, w[::-1][:i]) for i in range(1, min(len(w), 16) + 1)]
    else:
        found = [fold(1, w[:1]), fold(2, w[-1:])] if w else []
    namespace = xxh64(f"{family['scope']}/{unit}")
    return collections.Counter(h ^ namespace for h in found)


def entries(f, text, row_of, training, frequency):
    """Columns and values of a family's part, of length 1; empty if no feature is known."""
    part = {row_of[h]: (1 + math.log(n)) * (math.log((1 + len(training)) / (1 + frequency[h])) + 1)
            for h, n in extract(f, text).items() if h in row_of}
    length = math.sqrt(sum(v * v for v in part.values()))
    return {row: v / length for row, v in part.items()}


def weighted_parts(families, text):
    """The families of a text with their weights; families of runs have one per length."""
    count = separated(text)[1] if any(f.get("separates") for f in families) else 0
    if count == 0:
        total = math.sqrt(sum(f["weight"] ** 2 for f in families if f["unit"] != "unspacedCharacters"))
        return [(f, f["weight"] / total) for f in families], False
    found = words(lower(separated(text)[0]))
    share = count / (count + len(found))
    result = []
    for f in families:
        if f["unit"] != "unspacedCharacters":
            result.append((f, f["weight"]))
            continue
        lengths = range(f["lengths"][0], f["lengths"][1] + 1)
        result += [(dict(f, lengths=[n, n]), f["weight"] * math.sqrt(share / n / sum(1 / m for m in lengths)))
                   for n in lengths]
    return result, True


def case(families, minimum, training, texts):
    if any(f["unit"] == "unspacedCharacters" for f in families):
        families = [dict(f, separates=True) for f in families]
    frequency = collections.Counter()
    for text in training:
        frequency.update({h for f in families for h in extract(f, text)})
    kept = sorted((-n, h) for h, n in frequency.items() if n >= minimum)
    row_of = {h: i for i, (_, h) in enumerate(kept)}
    bags = []
    for text in texts:
        bag, squares = {}, 0.0
        weighted, is_scaled = weighted_parts(families, text)
        for f, weight in weighted:
            part = entries(f, text, row_of, training, frequency)
            squares += weight ** 2 if part else 0
            bag.update({row: v * weight for row, v in part.items()})
        scale = math.sqrt(squares) if is_scaled and bag else 1
        bags.append([[row, round(bag[row] / scale, 9)] for row in sorted(bag)])
    plain = [{k: v for k, v in f.items() if k != "separates"} for f in families]
    configuration = {"families": plain, "maximumWordCount": 16384, "minimumDocumentCount": minimum}
    return {"configuration": configuration, "training": training, "texts": texts,
            "hashes": [str(h) for _, h in kept], "documentFrequencies": [-n for n, _ in kept], "bags": bags}


def family(unit, scope, lengths=(3, 5), weight=1.0):
    return {"unit": unit, "scope": scope, "lengths": list(lengths), "weight": weight}


TRAINING = [
    "gcc-c++: The C++ compiler, C++17\nCompiles C++ and C# sources.\n\nThe compiler of the compiler",
    "gcc-doc: Documentation of the C compiler\r\nPages about C++.\n \t\nThe pages",
    "Ünïcode-tööls: naïve café C++ ÅNGSTRÖM\nΣίσυφος και 2 λόγοι; 北京 大学 – „naïve“ naïve",
    "no title here\nsecond line: with a colon\nthe c compiler",
    "a: b: c\n\n\n",
    "",
    "+++ ## c+++ c## c#d c++d c+ +d #e a++#",
    "one-two-three-four: words in a row\none two three four one two\n\nthree four",
]
NEW = [
    "gcc-go: the Go compiler of C and C++ and c++\nnaïve pages, the pages\n\nof the compiler",
    "unseen: entirely different vocabulary",
    "ünïcode-tööls: café\n北京 λόγοι Naïve c#",
    "the c compiler",
]
SCRIPTS = [
    "linux: Linuxカーネルの\n開発 kernel tools。第３版、ﾃﾞﾊﾞｯｸﾞ\r\n用ツール",
    "gcc: the compiler\n日本語 and more words of English, which are many here",
    "网络无法连接，请帮助\n我们。\n\n邮件\u3000服务器 server one",
    "ภาษาไทยไม่มีช่องว่าง น้ำ ที่นี่\nเครือข่าย",
    "ພາສາລາວ ນ້ຳ", "ភាសាខ្មែរ\u200bអក្សរ", "မြန်မာစာ ကို",
    "한국어 문서 분류: 문서를 분류하는 도구\n도구와 문서",
    "𠮷野家 葛󠄀城 々ヶ", "Ｇｃｃ: Ｃ コンパイラ",
]
cases = [
    case([family("words", "text"), family("characters", "title", (2, 4), 0.7), family("words", "lead", weight=0.7),
          family("wordCharacters", "summary", (3, 4), 0.7), family("affixes", "title", weight=0.5),
          family("wordPairs", "lead", weight=0.5)],
         2, TRAINING, TRAINING + NEW),
    case([family("wordPairs", "text"), family("wordPairs", "lead", weight=0.3), family("ends", "title"),
          family("wordCharacters", "lead"), family("characters", "summary", (1, 6), 2.0)],
         2, TRAINING, NEW),
    case([family("affixes", "text"), family("ends", "text"), family("words", "title"), family("words", "summary"),
          family("wordPairs", "summary"), family("wordPairs", "text")], 1, TRAINING, NEW),
    case([family("words", "text"), family("unspacedCharacters", "text", (1, 3), 1.5),
          family("words", "lead", weight=0.7), family("wordPairs", "text", weight=0.5),
          family("affixes", "title", weight=0.5)],
         1, SCRIPTS, SCRIPTS + NEW),
]
path = pathlib.Path(__file__).parents[2] / "Tests/DatasetsTests/Goldens/TextFeatures.json"
golden = {"source": "the definitions in Python, float64", "version": f"Python {platform.python_version()}",
          "script": "Scripts/goldens/text_features.py", "cases": cases}
path.write_text(json.dumps(golden, indent=None, separators=(",", ":"), ensure_ascii=False)
                .replace("\"configuration\"", "\n\"configuration\"").replace("\"bags\"", "\n\"bags\"") + "\n")
