#!/usr/bin/env python3
"""Writes Tests/DatasetsTests/Goldens/WordPiece.json: ids of difficult texts by `tokenizers`.

    word_piece.py CHECKPOINT      a folder with the vocab.txt of an uncased BERT model

The vocabulary is reduced to the pieces of the texts, plus every other single character.
"""
import json
import pathlib
import sys
import tempfile

import tokenizers
from tokenizers import BertWordPieceTokenizer
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

TEXTS = [
    "", " ", "\t\n\r", "a", "Hello, World!", "unaffable", "The quick brown fox's jumps...",
    "naïve café RÉSUMÉ Ångström", "e\u0301\u0323a", "e\u0323\u0301a", "İstanbul ıI ẞß ǅ", "Straße STRASSE",
    "ΑΣ ΣΑΣ λόγος Σίσυφος", "Привет, МИР! Ёлка й", "北京大学 is in 北京", "ひらがな カタカナ ガギグ ﾊﾝｶｸ", "한국어 텍스트",
    "豈更車 \U0002f800\U00020000\U0002b820\U0002b920", "emoji 😀👍🏽 👨‍👩‍👧 family ❤️", "a\u200bb c\u00add \ufeffe \u200ff",
    "nul\x00in\x01side\x7fa\ufffdb", "tab\tnew\nline\rreturn\x0bvt\x0cff\x85nel\u2028ls\u2029ps\u00a0nbsp\u3000wide",
    "x" * 100, "x" * 101, "é" * 100 + " " + "é" * 101, "antidisestablishmentarianism supercalifragilistic",
    "a-b_c+d=e~f`g^h|i$j<k>l@m#n", "C++ and c# and .NET, v1.2.3-4~rc1", "http://example.org/~user?q=1&r=%20",
    "[CLS] x [SEP] y [MASK][PAD] [cls] [UNK] [SEP", "##ing ##s #", "“quoted” ‘single’ – dash — em … ¿qué? ¡olé!",
    "शब्द हिन्दी क्षेत्र", "عربي مُحَمَّد", "ไทย ภาษา", "עִבְרִית", "\u1734\u1885\ua9bd\u166d\U000111c9\U0001171e\U00011938x",
    "K Å Ω ; ` ﬁ Ⅷ ① ½ ²", "\u0378\u0530 unassigned \ue000 private", "a\u0300\u0315\u0316b \u0300alone", "ạ̈ Việt Nam tiếng",
    "lib\u2010dev non\u2011break 3\u202f000 \u00b7 \u30fb", "ſ ŉ ǰ ΐ ﬀ", "𝔘𝔫𝔦 𝟘 𝓍", "9\u20e3 ©®™ €£¥ §¶ ×÷ ±", "\x1b[31mred\x1b[0m",
    "word " * 40, "mixedCASEWords andNUMB3RS 12345 1e-10",
]
OPTIONS = [
    dict(lowercase=True, strip_accents=None, handle_chinese_chars=True, clean_text=True),
    dict(lowercase=False, strip_accents=None, handle_chinese_chars=True, clean_text=True),
    dict(lowercase=True, strip_accents=False, handle_chinese_chars=False, clean_text=True),
    dict(lowercase=False, strip_accents=True, handle_chinese_chars=True, clean_text=False),
]
full = (pathlib.Path(sys.argv[1]) / "vocab.txt").read_text(encoding="utf-8").splitlines()


def tokenizer(pieces, options):
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write("\n".join(pieces) + "\n")
        file.flush()
        return BertWordPieceTokenizer(file.name, **options)


needed = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
for options in OPTIONS:
    reference = tokenizer(full, options)
    for text in TEXTS:
        needed.update(reference.encode(text).tokens)
singles = [p for p in full if len(p.removeprefix("##")) == 1][::2]
vocabulary = [p for p in full if p in needed | set(singles)]
# Cased and accented pieces, which an uncased vocabulary lacks.
vocabulary += ["Hello", "W", "##orld", "café", "na", "##ïve", "É", "é", "##é", "R", "e\u0301", "##\u0301", "Σ", "##Σ", "北京大学"]

cases = []
for options in OPTIONS:
    reference = tokenizer(vocabulary, options)
    plain = [reference.encode(t).ids for t in TEXTS]
    reference.enable_truncation(8)
    cases.append({"options": options, "ids": plain, "truncated": [reference.encode(t).ids for t in TEXTS]})

# The reference's treatment of each single character, as ranges.
clean = BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False)
strip = BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)
split = BertPreTokenizer()
kinds = {"dropped": [], "space": [], "punctuation": [], "nonspacingMark": []}
for value in range(0x110000):
    if 0xD800 <= value < 0xE000:
        continue
    c = chr(value)
    cleaned = clean.normalize_str(f"a{c}a")
    pieces = [p for p, _ in split.pre_tokenize_str(f"a{c}a")]
    if cleaned == "aa":
        kind = "dropped"
    elif cleaned == "a a":
        kind = "space"
    elif len(pieces) == 3:
        kind = "punctuation"
    elif strip.normalize_str(c) == "":
        kind = "nonspacingMark"
    else:
        continue
    ranges = kinds[kind]
    if ranges and ranges[-1][1] == value - 1:
        ranges[-1][1] = value
    else:
        ranges.append([value, value])

golden = {
    "source": "tokenizers (PyPI), BertWordPieceTokenizer", "version": tokenizers.__version__,
    "script": "Scripts/goldens/word_piece.py", "vocabulary": vocabulary, "texts": TEXTS, "kinds": kinds, "cases": cases,
}
target = pathlib.Path(__file__).parents[2] / "Tests/DatasetsTests/Goldens/WordPiece.json"
target.write_text(json.dumps(golden, separators=(",", ":")).replace('{"options"', '\n{"options"') + "\n")
