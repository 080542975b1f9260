"""See Benchmarks/scale.

measured.json has the machine, the runs of training that give the constants, and the runs that
predictions are compared with. The searches of the two smallest numbers of rows give constants, too.

Keys of a run in measured.json, of "kind" "train": name, machines (or processes), threads (1 if left
out), labels, features, documents, featuresPerDocument, positives, batch, dimension, isText (true if
left out), rowsTouched (null for features that are all as frequent); measured, null if not: peakBytes (of
the largest process), stepSeconds (of the first process's processor), exchangedBytesPerStep (that one process
hands over to be summed). Of kind "search": name, rows, dimension, codes (true or false), threads, secondsPerQuery. Of
kind "index": name, rows, dimension, codes, nameBytes (mean, of a row), bytes.
"""

import argparse
import datetime
import json
import os
import platform
import re
import sys

import measure
import model

HERE = os.path.dirname(os.path.abspath(__file__))
RECORD = os.path.join(HERE, "measured.json")
TOLERANCE = 0.25
MACHINES = (1, 2, 4, 8, 16, 32, 64)


def read():
    with open(RECORD, encoding="utf-8") as file:
        return json.load(file)


def write(record):
    with open(RECORD, "w", encoding="utf-8") as file:
        json.dump(record, file, indent=1)
        file.write("\n")


def processor():
    """The processor, and the day."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = re.findall(r"model name\s*: (.*)", file.read())
    return (f"{names[0] if names else platform.machine()}, {len(names)} processors, "
            f"on {datetime.date.today()}")


def human(number):
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:,.3g} {unit}"
        number /= 1000
    return f"{number:,.3g} TB"


def seconds(number):
    if number < 1e-3:
        return f"{number * 1e6:.3g} µs"
    if number < 1:
        return f"{number * 1e3:.3g} ms"
    if number < 100:
        return f"{number:.3g} s"
    if number < 6000:
        return f"{number / 60:.3g} min"
    return f"{number / 3600:,.3g} h" if number < 86400 else f"{number / 86400:,.3g} days"


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|---" * len(head) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def predictions(row, constants):
    """(quantity, predicted, measured, how to print it) of a measured run."""
    kind, machines = row["kind"], row.get("machines", 1)
    threads = row.get("threads", 1)
    if kind == "train":
        task = measure.task_of(row)
        yield ("memory", model.memory(task, constants, machines)
               + model.document_bytes(task, constants), row["peakBytes"], human)
        yield ("a step", model.step_seconds(task, constants, machines, threads),
               row["stepSeconds"], seconds)
        if machines > 1:
            yield ("handed over a step", model.bytes_reduced(task), row["exchangedBytesPerStep"],
                   human)
    elif kind == "search":
        yield ("a query", model.search_seconds(
            row["rows"], row["dimension"], constants, machines, threads, row["codes"]),
            row["secondsPerQuery"], seconds)
    else:
        yield "index", model.index_bytes(
            row["rows"], row["dimension"], codes=row["codes"],
            name_bytes=row["nameBytes"]), row["bytes"], human


def checks(record, constants):
    """Rows of the table of checks."""
    calibrating = measure.calibrating_searches(record["runs"])
    for row in record["runs"]:
        if row in calibrating:
            continue
        for quantity, predicted, measured, show in predictions(row, constants):
            if measured is None:
                continue
            ratio = predicted / measured
            within = 1 / (1 + TOLERANCE) <= ratio <= 1 + TOLERANCE
            yield [row["name"], quantity, show(predicted), show(measured), f"{ratio:.2f}",
                   "yes" if within else "**no**"]


def task_for(labels):
    """A task that grows with its labels: a document a label, a million features."""
    return model.Task(labels, 1_000_000, labels, 100, 5, 1024)


def report(options):
    record = read()
    values = {
        **measure.constants_of(record["calibrations"]), **measure.search_constants(record["runs"])}
    constants = model.Constants(**values)
    cores, latency = options.cores, options.latency * 1e-6
    print("# Scale on paper\n")
    print(f"    {options.command}\n")
    print(f"Constants and runs: {record['machine']}. Predictions are for machines of "
          f"{cores} cores like it, dimension 128, one rank a machine.\n")
    print("## Checks\n")
    print("A prediction is within the tolerance if it is between 1/"
          f"{1 + TOLERANCE:g} and {1 + TOLERANCE:g} of the measured value. Times are processor "
          "seconds of one thread unless the name says otherwise.\n")
    rows = list(checks(record, constants))
    table(["run", "quantity", "predicted", "measured", "ratio", "within"], rows)
    missed = sum(row[-1] != "yes" for row in rows)
    print(f"{len(rows) - missed} of {len(rows)} within the tolerance, {missed} missed.\n")
    largest = max(row.get("machines", 1) for row in record["runs"])
    print(f"Runs of up to {largest} processes of one machine have been compared. **No run of several machines has "
          "been**: the time of the network is prediction only. A process's peak of memory includes storing, when it "
          "gathers the whole model; the predictions do not.\n")
    print("## Constants\n")
    print("[model.py](../scale.d/model.py) says what they are. Bytes; copies as float32; floating-point "
          "operations a second; seconds for a number of a vector.\n")
    table(["constant", "value"], [[f"`{name}`", f"{value:.4g}"]
                                  for name, value in values.items()])
    print("## Training\n")
    print("A million features, a document a label, 100 features and 5 labels a document, 1,024 "
          f"documents a step; {options.latency:g} µs latency. “Model” is the process without the "
          "documents, in the steps; storing needs more (see the checks); “documents” is the mapped file of their "
          "features, on every machine. "
          f"“Too much” is more than {options.memory:g} GB a machine for the model.\n")
    head = ["labels", "machines", "model a machine", "documents", "sent a step and machine", "computing a step"]
    head += [f"a step, {speed:g} Gbit/s" for speed in options.network]
    head += [f"an epoch, {options.network[-1]:g} Gbit/s"]
    rows = []
    for labels in options.labels:
        task = task_for(labels)
        for machines in options.machines:
            needed = model.memory(task, constants, machines)
            computed = model.step_seconds(task, constants, machines, cores)
            totals = [computed + model.network_seconds(task, machines, speed, latency)
                      for speed in options.network]
            rows.append([
                f"{labels:,}", str(machines),
                human(needed) + (" (too much)" if needed > options.memory * 1e9 else ""),
                human(model.document_bytes(task, constants)),
                human(model.bytes_sent(task, machines)), seconds(computed),
                *map(seconds, totals), seconds(totals[-1] * model.steps(task))])
    table(head, rows)
    print("## Search\n")
    print("Exact search of one of many queries; names of 12 bytes. Rows are divided among the "
          "machines; merging their results is not counted.\n")
    rows = []
    for labels in options.labels:
        for machines in options.machines:
            part = -(-labels // machines)
            rows.append([f"{labels:,}", str(machines)] + [
                text for codes in (False, True) for text in (
                    human(model.index_bytes(part, 128, codes=codes, name_bytes=12)),
                    seconds(model.search_seconds(labels, 128, constants, machines, cores, codes)))])
    table(["labels", "machines", "index a machine", "a query", "index with codes", "a query by codes"],
          rows)


def decant_program():
    return os.environ.get("DECANT", os.path.join(HERE, "../../.build/release/decant"))


def measure_all(arguments):
    calibrations, runs = measure.measure(decant_program(), *arguments[:1] or [None])
    try:
        old = read()
    except FileNotFoundError:
        old = {"runs": []}
    names = {row["name"] for row in runs}
    write({
        "machine": processor(), "calibrations": calibrations,
        "runs": [row for row in old["runs"] if row["name"] not in names] + runs})


def add_search(path, rows):
    """Adds the fastest search of each kind on one thread, and sizes, from output of Benchmarks/search."""
    record = read()
    with open(path, encoding="utf-8") as file:
        lines = file.read()
    for codes, words in ((False, "without codes"), (True, "codes by amx")):
        speeds = re.findall(f"1 threads, {words}, in blocks: .*, ([0-9]+) per CPU second", lines)
        if not speeds:
            sys.exit(f"{path}: no speed of a search {words} in blocks")
        each = 1 / max(map(int, speeds))
        put(record, {
            "kind": "search", "name": f"search of {rows:,} rows{' by codes' if codes else ''}",
            "rows": rows, "dimension": 128, "codes": codes, "threads": 1, "secondsPerQuery": each})
    # The benchmark names rows by their numbers.
    digits = sum(len(str(row)) for row in range(rows)) / rows
    for size, codes in re.findall(r"(\d+) bytes \S*/float32(\.codes)?\n", lines):
        put(record, {
            "kind": "index", "name": f"index of {rows:,} rows{' with codes' if codes else ''}",
            "rows": rows, "dimension": 128, "codes": bool(codes), "nameBytes": digits,
            "bytes": int(size)})
    write(record)


def put(record, row):
    """Adds a run, in place of one of the same name."""
    record["runs"] = [one for one in record["runs"] if one["name"] != row["name"]] + [row]


def measure_processes(data, counts):
    """Adds trainings of several processes on this machine."""
    record = read()
    for count in counts:
        put(record, measure.measured_processes(decant_program(), data, count))
    write(record)


def add(text):
    record = read()
    put(record, json.loads(text))
    write(record)


def numbers(kind):
    return lambda text: [kind(word) for word in text.split(",")]


def main():
    words = sys.argv[1:]
    if words[:1] == ["measure"]:
        measure_all(words[1:])
    elif words[:1] == ["processes"] and len(words) > 2:
        measure_processes(words[1], [int(word) for word in words[2:]])
    elif words[:1] == ["search"] and len(words) == 3:
        add_search(words[1], int(words[2]))
    elif words[:1] == ["add"] and len(words) == 2:
        add(words[1])
    else:
        parser = argparse.ArgumentParser(prog="Benchmarks/scale")
        parser.add_argument("--labels", type=numbers(int), default=[10**6, 10**7, 10**8])
        parser.add_argument("--machines", type=numbers(int), default=list(MACHINES))
        parser.add_argument("--cores", type=int, default=2)
        parser.add_argument("--memory", type=float, default=24, help="GB of a machine")
        parser.add_argument("--network", type=numbers(float), default=[1, 10, 100], help="Gbit/s")
        parser.add_argument("--latency", type=float, default=50, help="of a message, in µs")
        options = parser.parse_args(words)
        options.command = " ".join(["Benchmarks/scale", *words])
        report(options)


main()
