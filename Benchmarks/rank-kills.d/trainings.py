"""Data, commands and files of the trainings that Benchmarks/rank-kills disturbs."""

import os
import random
import socket
import subprocess

# Contains times and memory, which differ from run to run.
NOT_COMPARED = {"run.json"}


def texts(documents, labels=50):
    """Texts with their labels; each label has four words that occur with no other."""
    draw = random.Random(1)
    for _ in range(documents):
        chosen = draw.sample(range(labels), 1 + draw.randrange(3))
        words = [f"word{c}x{draw.randrange(4)}" for c in chosen for _ in range(4)]
        words += [f"filler{draw.randrange(100)}" for _ in range(8)]
        yield " ".join(words), [f"label{c}" for c in chosen]


def command(decant, data, run, *options, epochs=5, timeout=30):
    return [
        decant, "train", data, "--output", run, "--epochs", str(epochs), "--defaults", "1",
        "--no-calibrate", "--threads", "1", "--checkpoint-interval", "0", "--wide",
        "--wide-maximum-share", "0.2", "--patience", "20", "--precision", "float32",
        "--process-timeout", str(timeout), *options]


def launched(rank, size, port):
    """The environment of a rank that a launcher starts."""
    return os.environ | {
        "RANK": str(rank), "WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def bytes_of(run):
    """The contents of a finished run that no kill may change."""
    return {
        n: open(f"{run}/{n}", "rb").read() for n in sorted(os.listdir(run)) if n not in NOT_COMPARED}


def differences(run, whole):
    """What distinguishes a finished run from the undisturbed one, in words."""
    result = bytes_of(run)
    extra = [f"{n} is too many" for n in result.keys() - whole.keys()]
    return extra + [f"{n} differs" for n in whole if result.get(n) != whole[n]]


def machine():
    """The processor, for a page."""
    try:
        lines = open("/proc/cpuinfo").read().splitlines()
    except OSError:
        lines = []
    name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
    return f"{name} ({os.cpu_count()} processors)"


def run(arguments, **options):
    return subprocess.run(arguments, capture_output=True, text=True, check=False, **options)
