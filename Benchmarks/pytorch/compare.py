#!/usr/bin/env python3
"""Alternates a measurement in Swift and in Python, and writes medians and ratios.

    compare.py PROGRAM NAME REPEATS RESULT-FILE

Both sides print `NAME MICROSECONDS` of process CPU time on one thread. They alternate because a
shared machine drifts: the ratio of medians is robust to that, absolute numbers are not.
"""
import os
import pathlib
import platform
import statistics
import subprocess
import sys

import torch

program, name, repeats, target = *sys.argv[1:3], int(sys.argv[3]), pathlib.Path(sys.argv[4])
script = pathlib.Path(__file__).parent / f"{name}.py"
sides = {"Decant": [program, name], "PyTorch": [sys.executable, "-W", "ignore", str(script)]}
environment = dict(os.environ, OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
times = {side: {} for side in sides}
for turn in range(repeats):
    for side, command in sides.items():
        output = subprocess.run(
            command, check=True, text=True, stdout=subprocess.PIPE, env=environment).stdout
        for line in output.splitlines():
            key, value = line.split()
            times[side].setdefault(key, []).append(float(value))
    print(f"turn {turn + 1} of {repeats}", file=sys.stderr)


def first_line(*command):
    return subprocess.run(command, text=True, capture_output=True).stdout.splitlines()[0].strip()


def processor():
    fields = {}
    for line in open("/proc/cpuinfo"):
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    name = fields.get("model name", platform.machine())
    return f"{name}, family {fields.get('cpu family', '?')}, model {fields.get('model', '?')}"


lines = [
    f"command   Benchmarks/{name}",
    f"machine   {processor()}, {os.cpu_count()} cores, {torch.backends.cpu.get_cpu_capability()}",
    f"versions  {first_line('swift', '--version')}; libtorch and PyTorch {torch.__version__}; "
    f"Python {platform.python_version()}",
    f"measured  microseconds of process CPU time, 1 thread, medians (least) of {repeats} runs by turns; "
    f"load {os.getloadavg()[0]:.1f} at the end",
    "",
    f"{'':34}{'Decant':>20}{'PyTorch':>20}{'PyTorch / Decant':>18}",
]
for key in times["Decant"]:
    ours, theirs = times["Decant"][key], times["PyTorch"][key]
    cells = [f"{statistics.median(t):.2f} ({min(t):.2f})" for t in (ours, theirs)]
    ratio = statistics.median(theirs) / statistics.median(ours)
    lines.append(f"{key:34}{cells[0]:>20}{cells[1]:>20}{ratio:>18.2f}")
for key in times["Decant"]:
    bare = times["Decant"].get(f"{key}-products")
    if bare:
        lines.append(
            f"{key}: Decant takes {statistics.median(times['Decant'][key]) / statistics.median(bare):.2f} "
            "times its products; wanted: 1.1")
text = "\n".join(lines) + "\n"
target.parent.mkdir(exist_ok=True)
target.write_text(text)
print(text)
