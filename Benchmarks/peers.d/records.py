"""One JSON line per trial, in one file for all data sets. summary.py reads nothing else.

    data, stamp             name of the data set, hash of its files (and of the view of them)
    facts                   documents, labels and pairs, as features.py counts them
    judged                  "test" or "held out" (of train)
    stage                   "stored", "defaults", "trial" (a setting tried on held-out documents), "tuned",
                            "options" (given by hand)
    system, title, features, settings, seed, threads, program (version or hash)
    begun, ended            UTC; of a trial judged on test, the test part was read between them
    failure                 why there are no metrics; else null
    metrics                 percentages, as judge.py names them
    costs                   train_cpu_seconds (text to model, features of train included), train_seconds,
                            predict_ms and predict_cpu_ms (a document, its features included), model_bytes,
                            peak_bytes
    search                  of a tuned setting: budget and seconds used, trials, the score of each
    machine, load
"""
import datetime
import hashlib
import json
import os

IDENTITY = ("stamp", "judged", "system", "features", "settings", "seed", "threads", "program")


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


def identity(record):
    """What makes two trials the same one: it is not run twice."""
    return json.dumps([record[name] for name in IDENTITY], sort_keys=True)


def read(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        lines = f.read().split("\n")
    result = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            result.append(json.loads(line))
        except ValueError:
            # A killed program leaves at most a half last line.
            if any(x.strip() for x in lines[number:]):
                raise SystemExit(f"{path}:{number}: not a JSON object, one trial a line is expected") from None
    return result


def append(path, record):
    path.parent.mkdir(parents=True, exist_ok=True)
    line = (json.dumps(record, ensure_ascii=False) + "\n").encode()
    with open(path, "ab+") as f:
        f.seek(0, 2)
        if f.tell():
            f.seek(-1, 2)
            line = line if f.read(1) == b"\n" else b"\n" + line
        f.write(line)


def stamp(folder, *rest):
    """Hash of the contents of a data set folder; `rest` describes the view of it."""
    result = hashlib.sha256()
    for path in sorted(folder.glob("*.json*")):
        result.update(path.name.encode())
        result.update(path.read_bytes())
    result.update(repr(rest).encode())
    return result.hexdigest()[:12]
