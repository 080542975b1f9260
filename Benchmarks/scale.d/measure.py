"""Runs of `decant train` on made data and on debian-related: constants, and runs to check against."""

import json
import math
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time

import model

SEED = 1


def write_data(folder, labels, documents, features, per_document, positives):
    """Writes documents of random features; each has the next labels in order."""
    draw = random.Random(SEED)
    os.makedirs(folder)

    def lines(name, rows):
        with open(f"{folder}/{name}.jsonl", "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)

    with open(f"{folder}/dataset.json", "w", encoding="utf-8") as file:
        json.dump({"name": os.path.basename(folder)}, file)
    lines("labels", ({"id": f"l{i}"} for i in range(labels)))
    lines("documents", (
        {"id": f"d{i}", "features": {
            f"f{j}": 1 for j in sorted({draw.randrange(features) for _ in range(per_document)})}}
        for i in range(documents + 1)))
    lines("train", (
        {"id": f"d{i}", "labels": [f"l{(i * positives + j) % labels}" for j in range(positives)]}
        for i in range(documents)))
    lines("test", [{"id": f"d{documents}", "labels": ["l0"]}])


def train(decant, data, output, batch, epochs, extra=()):
    """The record of a run on one thread, or on one of each process."""
    shutil.rmtree(output, ignore_errors=True)
    # Every setting is given, so that no pilot chooses one.
    process = subprocess.Popen(
        [decant, "train", data, "--output", output, "--labels", "free", "--no-calibrate",
         "--no-wide", "--no-memory", "--precision", "float32", "--batch-size", str(batch),
         "--epochs", str(epochs), "--threads", "1", "--quiet", *extra])
    peaks = peaks_of(process)
    if process.returncode != 0:
        sys.exit(f"{decant} train {data} ended with {process.returncode}")
    with open(f"{output}/run.json", encoding="utf-8") as file:
        record = json.load(file)
    return record | {"peaks": peaks}


def peaks_of(process):
    """The peak memory in bytes of a process and of those that it starts, largest first, when it has ended."""
    peaks = {}
    while process.poll() is None:
        for identifier in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{identifier}/status", encoding="utf-8") as file:
                    status = dict(line.split(":", 1) for line in file)
            except OSError:
                continue
            parent = int(status["PPid"])
            if "VmHWM" in status and process.pid in (int(identifier), parent):
                peaks[identifier] = 1024 * int(status["VmHWM"].split()[0])
        time.sleep(0.1)
    return sorted(peaks.values(), reverse=True)


def measured_processes(decant, data, count):
    """A training of several processes, one thread each, as a row of measured.json."""
    with tempfile.TemporaryDirectory() as work:
        name = f"{os.path.basename(os.path.realpath(data))}, {count} processes"
        return measured(decant, work, name, None, 128, (1, 2), data, count)


def measured(decant, work, name, sizes, batch, epochs=(1, 3), data=None, processes=1):
    """A run of `sizes` as a row of measured.json; two numbers of epochs show the time of a step."""
    folder = data or f"{work}/{name}"
    if not data:
        write_data(folder, *sizes)
    extra = ("--processes", str(processes)) if processes > 1 else ()
    records = [train(decant, folder, f"{work}/run", batch, count, extra) for count in epochs]
    first, last = records
    count = -(-first["documents"] // batch) * (epochs[1] - epochs[0])
    if data:
        per_document, positives, touched = text_sizes(
            folder, f"{work}/run", first["features"], batch)
    else:
        (per_document, positives), touched = sizes[3:], None
    row = {
        "kind": "train", "name": name, "machines": processes, "labels": first["labels"],
        "features": first["features"], "documents": first["documents"],
        "featuresPerDocument": per_document, "positives": positives, "batch": batch,
        "dimension": 128, "rowsTouched": touched, "isText": bool(data), "peakBytes": max(last["peakMemoryBytes"], *last["peaks"]),
        "stepSeconds": (last["trainCPUSeconds"] - first["trainCPUSeconds"]) / count,
        "exchangedBytesPerStep": last.get("exchangedBytesPerStep")}
    print(json.dumps(row | {"peaks": last["peaks"]}), file=sys.stderr)
    if not data:
        shutil.rmtree(folder)
    return row


def text_sizes(folder, run, features, batch):
    """Mean features and labels of the training texts, and rows of the table that a step touches.

    The vocabulary ends with the number of documents of each feature, UInt32.
    """
    with open(f"{folder}/train.jsonl", encoding="utf-8") as file:
        counts = [len(json.loads(line)["labels"]) for line in file]
    with open(f"{run}/vocabulary.bin", "rb") as file:
        file.seek(-4 * features, os.SEEK_END)
        frequencies = struct.unpack(f"<{features}I", file.read())
    share = model.KEPT * batch / len(counts)
    touched = sum(-math.expm1(-share * frequency) for frequency in frequencies)
    return sum(frequencies) / len(counts), sum(counts) / len(counts), touched


def task_of(row):
    """The task of a measured run."""
    return model.Task(
        row["labels"], row["features"], row["documents"], row["featuresPerDocument"],
        row["positives"], row["batch"], row["dimension"], row.get("rowsTouched"),
        row.get("isText", True))


def solved(rows):
    """The solution of linear equations [coefficients..., value], by elimination."""
    rows = [list(row) for row in rows]
    for column in range(len(rows)):
        pivot = max(range(column, len(rows)), key=lambda row: abs(rows[row][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [value / rows[column][column] for value in rows[column]]
        for row in range(len(rows)):
            if row != column:
                factor = rows[row][column]
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[column])]
    return [row[-1] for row in rows]


def constants_of(rows):
    """The constants that the calibration runs determine.

    Pairs of runs differ in one size, and the difference of times or bytes is its share.
    """
    named = {row["name"]: row for row in rows}
    small, long, wide = named["small"], named["long"], named["features"]
    labels, few = named["labels"], named["few"]
    tasks = {name: task_of(row) for name, row in named.items()}
    d = 128

    def pairs(row):
        return row["documents"] * row["featuresPerDocument"]

    def accesses(row):
        return model.KEPT * row["batch"] * row["featuresPerDocument"] * d

    def touched(row):
        return model.rows_touched(tasks[row["name"]]) * d

    def products(row):
        return 8 * row["batch"] * row["labels"] * d

    def time(row):
        return row["stepSeconds"]

    row_seconds = (time(wide) - time(long)) / (touched(wide) - touched(long))
    feature_seconds = (time(long) - time(small) - row_seconds * (touched(long) - touched(small)))
    feature_seconds /= accesses(long) - accesses(small)

    def rest(row):
        return time(row) - feature_seconds * accesses(row) - row_seconds * touched(row)

    # A time is products / speed + numbers * update + step: three runs give the three.
    inverse, update, step = solved(
        [[products(row), d * row["labels"], 1, rest(row)] for row in (small, labels, few)])
    bytes_of = {name: row["peakBytes"] for name, row in named.items()}
    pair_bytes = (bytes_of["long"] - bytes_of["small"]) / (pairs(long) - pairs(small))
    tables = (bytes_of["features"] - bytes_of["long"]) / (
        4 * d * (wide["features"] - long["features"]))
    copies = (bytes_of["few"] + pair_bytes * (pairs(small) - pairs(few)) - bytes_of["small"]) / (
        4 * d * (few["labels"] - small["labels"]))
    base = bytes_of["small"] - pair_bytes * pairs(small) - 4 * d * (
        copies * small["labels"] + tables * small["features"])
    return {
        "base_bytes": base, "label_copies": copies, "feature_copies": tables,
        "pair_bytes": pair_bytes, "products_per_second": 1 / inverse,
        "label_seconds": max(0.0, update), "feature_seconds": max(0.0, feature_seconds),
        "row_seconds": row_seconds, "step_seconds": max(0.0, step)}


def calibrating_searches(runs):
    """The searches of the two smallest numbers of rows."""
    searches = [row for row in runs if row["kind"] == "search"]
    sizes = sorted({row["rows"] for row in searches})[:2]
    return [row for row in searches if row["rows"] in sizes]


def search_constants(runs):
    """Seconds for a number of a row, and for a query as such, from two numbers of rows each."""
    constants = {}
    for codes, name in ((False, "exact"), (True, "quantized")):
        few, many = sorted(
            (row for row in calibrating_searches(runs) if row["codes"] == codes),
            key=lambda row: row["rows"])
        each = (many["secondsPerQuery"] - few["secondsPerQuery"]) / (many["rows"] - few["rows"])
        constants[f"{name}_seconds"] = each / few["dimension"]
        constants[f"{name}_query_seconds"] = max(0.0, few["secondsPerQuery"] - each * few["rows"])
    return constants


def measure(decant, related):
    """The runs that give the constants, and those to check against."""
    with tempfile.TemporaryDirectory() as work:
        # Labels, documents, features, features and labels of a document; then the batch.
        calibrations = [
            measured(decant, work, name, sizes, batch)
            for name, sizes, batch in (
                ("small", (1_000, 8_192, 20_000, 40, 4), 1024),
                ("long", (1_000, 8_192, 20_000, 240, 4), 1024),
                ("features", (1_000, 8_192, 200_000, 240, 4), 1024),
                ("labels", (40_000, 8_192, 20_000, 40, 4), 1024),
                ("few", (100_000, 1_024, 20_000, 40, 4), 64))]
        checks = [
            measured(decant, work, "made-100k", (100_000, 4_096, 50_000, 40, 4), 1024),
            measured(decant, work, "made-300k", (300_000, 2_048, 50_000, 40, 4), 512, (1, 2)),
            measured(decant, work, "made-1M", (1_000_000, 512, 50_000, 40, 4), 128, (1, 2))]
        if related:
            checks.append(measured(decant, work, "debian-related", None, 128, (1, 2), related))
    return calibrations, checks
