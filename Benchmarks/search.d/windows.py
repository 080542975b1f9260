"""Cuts the texts of data set folders into word windows: rows to search, and separate queries.

python3 windows.py ROWS QUERIES ROWS_FILE QUERIES_FILE DATASET...

The hash of a document's text decides whether its windows are queries (1 in 50) or rows, so that no
query shares a document with a row. Duplicate texts are dropped. Hashes also select the windows, so
that the same folders give the same files on every machine.
"""

import hashlib
import json
import sys

LENGTH, STEP = 12, 2


def number(text):
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def main():
    row_count, query_count = int(sys.argv[1]), int(sys.argv[2])
    texts = {}
    for folder in sys.argv[5:]:
        with open(f"{folder}/documents.jsonl", encoding="utf-8") as file:
            for line in file:
                texts.setdefault(json.loads(line)["text"])
    rows, queries = {}, {}
    for text in texts:
        words = text.split()
        chosen = queries if number(text) % 50 == 0 else rows
        for start in range(0, max(1, len(words) - LENGTH + 1), STEP):
            chosen.setdefault(" ".join(words[start : start + LENGTH]))
    queries = [window for window in queries if window not in rows]
    for windows, count, path in ((rows, row_count, sys.argv[3]), (queries, query_count, sys.argv[4])):
        chosen = sorted(windows, key=number)[:count]
        if len(chosen) < count:
            sys.exit(f"windows: only {len(chosen)} of {count} for {path}")
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join(window + "\n" for window in chosen))


main()
