"""The bag of features of a Decant run, as a module of sentence-transformers.

Written by `decant export --format sentence-transformers`; needs torch, numpy and safetensors. Features
are hashes of words, of pairs of words and of runs of characters, as in Decant's sources under
Sources/Datasets/Features. The package xxhash makes it faster.
"""
import json
import math
import os
import unicodedata

import numpy
import torch
from safetensors.torch import load_file, save_file

MASK = (1 << 64) - 1
P1, P2, P3, P4, P5 = (
    0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)
WORD_CATEGORIES = {"Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "No", "Mn", "Mc", "Me"}
MARKS = {"Mn", "Mc", "Me"}
AFFIX_LIMIT = 16
# Scripts that are written without spaces between words; the first ranges contain signs, too.
MIXED = (
    (0x0E01, 0x0E3A), (0x0E40, 0x0E4E), (0x0E81, 0x0ECE), (0x0EDC, 0x0EDF), (0x1000, 0x103F),
    (0x1050, 0x108F), (0x109A, 0x109D), (0x1780, 0x17D3), (0x17D7, 0x17D7), (0x17DC, 0x17DD),
    (0x1950, 0x19C9), (0x1A20, 0x1A7F), (0x1AA7, 0x1AA7), (0xA9E0, 0xA9EF), (0xA9FA, 0xA9FE),
    (0xAA60, 0xAADD))
UNSPACED = (
    (0x3005, 0x3007), (0x3021, 0x3029), (0x3031, 0x3035), (0x3038, 0x303C), (0x3041, 0x3096),
    (0x3099, 0x309A), (0x309D, 0x309F), (0x30A1, 0x30FA), (0x30FC, 0x30FF), (0x3105, 0x312F),
    (0x31A0, 0x31BF), (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF),
    (0x1AFF0, 0x1B16F), (0x20000, 0x3FFFD))
HANGUL = (
    (0x1100, 0x11FF), (0x3131, 0x318E), (0xA960, 0xA97C), (0xAC00, 0xD7A3), (0xD7B0, 0xD7FB))


def rotated(value, count):
    return (value << count | value >> (64 - count)) & MASK


def mixed_in(accumulator, lane):
    return rotated((accumulator + lane * P2) & MASK, 31) * P1 & MASK


def xxh64(data):
    """XXH64 with seed 0: https://github.com/Cyan4973/xxHash."""
    position, count = 0, len(data)
    if count >= 32:
        lanes = [(P1 + P2) & MASK, P2, 0, -P1 & MASK]
        while position <= count - 32:
            for index in range(4):
                lane = int.from_bytes(data[position:position + 8], "little")
                lanes[index] = mixed_in(lanes[index], lane)
                position += 8
        value = sum(rotated(lane, turn) for lane, turn in zip(lanes, (1, 7, 12, 18))) & MASK
        for lane in lanes:
            value = ((value ^ mixed_in(0, lane)) * P1 + P4) & MASK
    else:
        value = P5
    value = (value + count) & MASK
    while position + 8 <= count:
        lane = int.from_bytes(data[position:position + 8], "little")
        value = (rotated(value ^ mixed_in(0, lane), 27) * P1 + P4) & MASK
        position += 8
    if position + 4 <= count:
        lane = int.from_bytes(data[position:position + 4], "little")
        value = (rotated(value ^ (lane * P1 & MASK), 23) * P2 + P3) & MASK
        position += 4
    for byte in data[position:]:
        value = rotated(value ^ (byte * P5 & MASK), 11) * P1 & MASK
    value = (value ^ value >> 33) * P2 & MASK
    value = (value ^ value >> 29) * P3 & MASK
    return value ^ value >> 32


try:
    from xxhash import xxh64_intdigest as digest
except ImportError:
    digest = xxh64


def fold(total, value):
    return (total * 0x9E3779B97F4A7C15 + value) & MASK


def is_in(code, ranges):
    return any(first <= code <= last for first, last in ranges)


def script_of(character):
    """The script of a letter or a mark if spaces do not separate its words; else None."""
    code = ord(character)
    if code < 0x0E00:
        return None
    if is_in(code, HANGUL):
        return "hangul"
    if is_in(code, UNSPACED):
        return "unspaced"
    if is_in(code, MIXED) and unicodedata.category(character) in WORD_CATEGORIES:
        return "unspaced"
    return None


def is_part_of_word(character):
    return unicodedata.category(character) in WORD_CATEGORIES


def is_blank(character):
    return character.isspace() and character not in "\x1c\x1d\x1e\x1f" or (
        unicodedata.category(character) == "Cf")


def without_width_forms(text):
    """Full-width and half-width forms become the usual ones."""
    result, forms = [], []
    for character in text + "\0":
        if 0xFF01 <= ord(character) <= 0xFFEE:
            forms.append(character)
            continue
        result.append(unicodedata.normalize("NFKC", "".join(forms)))
        forms = []
        result.append(character)
    return unicodedata.normalize("NFC", "".join(result)[:-1])


class Runs:
    """The characters of scripts whose words spaces do not separate, in runs."""

    def __init__(self, text):
        self.text, self.characters, self.firsts = text, [], []
        self.script, self.end, self.has_unspaced = None, 0, False

    def append(self, character, script, position):
        continues = script == self.script and self.is_continued(position)
        if not continues:
            self.firsts.append(len(self.characters))
        joins = unicodedata.category(character) in MARKS or character in "\u0e33\u0eb3"
        if not continues or position > self.end or not joins:
            self.characters.append(character)
        else:
            self.characters[-1] += character
        self.script, self.end = script, position + 1
        self.has_unspaced = self.has_unspaced or script == "unspaced"

    def append_mark(self, character, position):
        if self.script != "unspaced" or position != self.end:
            return False
        if unicodedata.category(character) not in MARKS:
            return False
        if not is_in(ord(character), ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF))):
            self.characters[-1] += character
        self.end = position + 1
        return True

    def is_continued(self, position):
        if self.script != "unspaced":
            return position == self.end
        return all(
            c <= " " if c < "\x80" else is_blank(c) for c in self.text[self.end:position])

    def runs(self, lengths):
        """The runs of some lengths, as bytes."""
        for first, end in zip(self.firsts, self.firsts[1:] + [len(self.characters)]):
            for length in lengths:
                for start in range(first, end - length + 1):
                    yield "".join(self.characters[start:start + length]).encode()


class Scan:
    """A text in lower case, split into words."""

    def __init__(self, text, limit, separates_scripts):
        if separates_scripts and any("\uff01" <= c <= "\uffee" for c in text):
            text = without_width_forms(text)
        self.text, self.separates = text, separates_scripts
        self.lower, self.words, self.starts_part = [], [], []
        self.runs = Runs(text)
        self.title = (0, 0)
        self.summary_start = self.lead_end = self.lead_words = 0
        self.start, self.part_ended = -1, False
        self.unspaced = separates_scripts and self.is_unspaced()
        self.position = 0
        self.scan(limit)
        self.text = "".join(self.lower)

    def is_unspaced(self):
        count = sum(script_of(c) == "unspaced" for c in self.text)
        return count > 0 and 4 * count >= sum(map(is_part_of_word, self.text))

    def scan(self, limit):
        text, count = self.text, len(self.text)
        in_lead, has_title, line_is_blank = True, False, False
        while self.position < count and len(self.words) + len(self.runs.characters) < limit:
            character = text[self.position]
            if character < "\x80" and character.isalnum():
                if self.start < 0:
                    self.start = len(self.lower)
                self.put(character.lower())
                self.position += 1
                continue
            if character >= "\x80":
                self.scan_character(character)
                line_is_blank = False
                continue
            self.end_word()
            if self.position >= count:
                break
            separator = text[self.position]
            if separator >= "\x80" or separator.isalnum():
                continue
            following = text[self.position + 1:self.position + 2]
            if self.unspaced:
                if (not has_title and not self.runs.has_unspaced and separator == ":"
                        and following and following <= " "):
                    has_title = True
                    self.end_title()
                if separator <= " ":
                    self.put_blank()
                else:
                    self.put(separator)
                self.position += 1
                continue
            if separator == "\n":
                if in_lead:
                    in_lead = False
                    self.end_lead()
                elif line_is_blank:
                    self.part_ended = True
                line_is_blank = True
            elif in_lead and not has_title and separator == ":" and following == " ":
                has_title = True
                self.end_title()
            elif separator > " ":
                line_is_blank = False
            self.put(separator)
            self.position += 1
        self.end_word()
        if in_lead:
            self.end_lead()

    def put(self, text):
        self.lower.extend(text)

    def put_blank(self):
        if self.lower and self.lower[-1] != " ":
            self.put(" ")

    def end_title(self):
        self.title = (len(self.lower), len(self.words))
        self.summary_start = len(self.lower) + 2
        self.part_ended = True

    def end_lead(self):
        self.lead_words, self.lead_end = len(self.words), len(self.lower)
        self.summary_start = min(self.summary_start, self.lead_end)
        if self.lead_end > self.summary_start and self.lower[self.lead_end - 1] == "\r":
            self.lead_end -= 1
        self.part_ended = True

    def end_word(self):
        if self.start < 0:
            return
        if self.text.startswith("++", self.position):
            self.put("++")
            self.position += 2
        elif self.text.startswith("#", self.position):
            self.put("#")
            self.position += 1
        self.words.append("".join(self.lower[self.start:]))
        self.starts_part.append(self.part_ended)
        self.start, self.part_ended = -1, False

    def scan_character(self, character):
        if self.separates and self.is_taken(character):
            self.position += 1
            return
        if is_part_of_word(character):
            if self.start < 0:
                self.start = len(self.lower)
        else:
            self.end_word()
        if self.unspaced and is_blank(character):
            self.put_blank()
        else:
            self.put(character.lower())
        self.position += 1

    def is_taken(self, character):
        script = script_of(character)
        if script is None:
            return self.runs.append_mark(character, self.position)
        self.runs.append(character, script, self.position)
        if script == "hangul":
            return False
        self.end_word()
        self.put_blank()
        self.part_ended = True
        return True

    def words_of(self, scope):
        return {
            "text": range(len(self.words)), "lead": range(self.lead_words),
            "title": range(self.title[1]), "summary": range(self.title[1], self.lead_words)}[scope]

    def characters_of(self, scope):
        first, last = {
            "text": (0, len(self.text)), "lead": (0, self.lead_end), "title": (0, self.title[0]),
            "summary": (self.summary_start, self.lead_end)}[scope]
        return self.text[first:last]


class Family:
    """One kind of feature."""

    def __init__(self, options):
        self.scope, self.unit, self.weight = options["scope"], options["unit"], options["weight"]
        first, last = options["lengths"]
        self.lengths = range(first, last + 1)
        self.namespace = digest(f"{self.scope}/{self.unit}".encode())

    def hashes(self, scan, digests, lengths=None):
        """The features of a text, with repetitions."""
        return [max(found ^ self.namespace, 1)
                for found in self.found(scan, digests, lengths or self.lengths)]

    def found(self, scan, digests, lengths):
        words = scan.words_of(self.scope)
        if self.unit == "words":
            return [digests[n] for n in words]
        if self.unit == "wordPairs":
            return [fold(fold(0, digests[n - 1]), digests[n])
                    for n in words[1:] if not scan.starts_part[n]]
        if self.unit == "wordCharacters":
            return [h for n in words for h in self.runs_of(scan.words[n], lengths)]
        if self.unit == "characters":
            return self.runs_of(scan.characters_of(self.scope), lengths)
        if self.unit == "unspacedCharacters":
            return [digest(run) for run in scan.runs.runs(lengths)]
        these = [digests[n] for n in words]
        limit = AFFIX_LIMIT if self.unit == "affixes" else 1
        found = []
        for kind, part in ((1, these[:limit]), (2, these[::-1][:limit])):
            total = kind
            for value in part:
                total = fold(total, value)
                found.append(total)
        return found

    @staticmethod
    def runs_of(characters, lengths):
        if not characters:
            return []
        marked = f"<{characters}>"
        return [digest(marked[start:start + length].encode())
                for length in lengths for start in range(len(marked) - length + 1)]


class DecantBag(torch.nn.Module):
    """Embeds bags of weighted features: the weighted sum of rows of a table, then linear layers."""

    def __init__(self, options, tensors):
        super().__init__()
        self.options = options
        self.families = [Family(family) for family in options["families"]]
        self.separates = any(f.unit == "unspacedCharacters" for f in self.families)
        counted = [f.weight ** 2 for f in self.families if f.unit != "unspacedCharacters"]
        self.total = math.sqrt(sum(counted)) or 1.0
        for name, tensor in tensors.items():
            self.register_buffer(name.replace(".", "_"), tensor)
        hashes = tensors["hashes"].numpy().view(numpy.uint64)
        self.order = numpy.argsort(hashes)
        self.sorted_hashes = hashes[self.order]
        self.rarities = tensors["idf"].numpy()
        self.layer_count = sum(name.endswith(".bias") for name in tensors)

    def get_sentence_embedding_dimension(self):
        return self.options["dimension"]

    get_embedding_dimension = get_sentence_embedding_dimension

    def rows(self, hashes):
        """The known features among some, and their weights before scaling."""
        hashes, counts = numpy.unique(numpy.array(hashes, numpy.uint64), return_counts=True)
        places = numpy.searchsorted(self.sorted_hashes, hashes)
        places[places == len(self.sorted_hashes)] = 0
        known = self.sorted_hashes[places] == hashes if len(self.sorted_hashes) else hashes != hashes
        rows = self.order[places[known]]
        return rows, (1 + numpy.log(counts[known])) * self.rarities[rows]

    def bag(self, text):
        """The features of a text and their weights."""
        scan = Scan(
            unicodedata.normalize("NFC", text), self.options["maximumWordCount"], self.separates)
        digests = [digest(word.encode()) for word in scan.words]
        runs, words = len(scan.runs.characters), len(scan.words)
        parts = []
        for family in self.families:
            if family.unit == "unspacedCharacters" and runs:
                share = runs / (runs + words)
                lengths = sum(1 / length for length in family.lengths)
                parts += [
                    (family.hashes(scan, digests, [length]),
                     family.weight * math.sqrt(share / (length * lengths)))
                    for length in family.lengths]
            else:
                parts.append((family.hashes(scan, digests), family.weight))
        found = []
        present = 0.0
        for hashes, weight in parts:
            rows, values = self.rows(hashes)
            if len(rows):
                present += weight ** 2
                found.append((rows, values * (weight / math.sqrt((values ** 2).sum()))))
        if not found:
            return numpy.zeros(0, numpy.int64), numpy.zeros(0, numpy.float32)
        scale = 1 / (math.sqrt(present) if runs else self.total)
        rows, values = (numpy.concatenate(part) for part in zip(*found))
        return rows, (values * scale).astype(numpy.float32)

    def tokenize(self, texts, **_):
        bags = [self.bag(text) for text in texts]
        counts = [len(rows) for rows, _ in bags]
        return {
            "features": torch.from_numpy(numpy.concatenate([rows for rows, _ in bags]).astype("int64")),
            "weights": torch.from_numpy(numpy.concatenate([values for _, values in bags])),
            "offsets": torch.tensor([0, *numpy.cumsum(counts)[:-1]], dtype=torch.int64),
        }

    preprocess = tokenize

    def forward(self, features, **_):
        h = torch.nn.functional.embedding_bag(
            features["features"], self.table, features["offsets"], mode="sum",
            per_sample_weights=features["weights"].to(self.table.dtype))
        for index in range(self.layer_count):
            h = torch.nn.functional.linear(
                torch.relu(h), getattr(self, f"layers_{index}_weight"),
                getattr(self, f"layers_{index}_bias"))
        if self.options["isNormalized"]:
            h = torch.nn.functional.normalize(h, dim=-1)
        features["sentence_embedding"] = h
        return features

    def save(self, path, *_, **__):
        os.makedirs(path, exist_ok=True)
        with open(os.path.join(path, "config.json"), "w", encoding="utf-8") as file:
            json.dump(self.options, file, indent=2)
        tensors = {name: tensor.cpu().contiguous() for name, tensor in self.named_buffers()}
        save_file(
            {name.replace("_", "."): tensor for name, tensor in tensors.items()},
            os.path.join(path, "model.safetensors"))

    @classmethod
    def load(cls, path, subfolder="", **_):
        path = os.path.join(path, subfolder) if subfolder else path
        with open(os.path.join(path, "config.json"), encoding="utf-8") as file:
            options = json.load(file)
        return cls(options, load_file(os.path.join(path, "model.safetensors")))
