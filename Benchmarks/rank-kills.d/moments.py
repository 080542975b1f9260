"""Kills of random ranks at random moments, under `decant train --processes N --restarts 1000`.

Until a training ends, or has lost as many processes as it was to lose, random ranks are killed with SIGKILL. A
checkpoint is written after every step, so that many kills interrupt the writing of a file. At the end, a
training that was interrupted continues with 2, 3 and 1 processes.
"""

import collections
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

import trainings


def children(process):
    """The ranks of an agent, by their number."""
    try:
        numbers = open(f"/proc/{process}/task/{process}/children").read().split()
        return sorted(int(number) for number in numbers)
    except OSError:
        return []


def phase(run):
    """The phase of a training, by the files in its folder."""
    names = os.listdir(run) if os.path.isdir(run) else []
    if "model.safetensors" in names:
        return "storing the model"
    if any(n.startswith("checkpoint") and ".partial-" in n for n in names):
        return "writing a checkpoint"
    if "checkpoint.json" in names:
        return "steps and evaluation"
    return "start and preparation"


class Kills:
    """The kills so far, and what went wrong."""

    def __init__(self, options, data):
        self.options, self.data = options, data
        self.draw = random.Random(options.seed)
        self.faults = []
        self.phases, self.victims = collections.Counter(), collections.Counter()
        self.count = self.trainings = 0

    def command(self, run, processes, *more):
        return trainings.command(
            self.options.decant, self.data, run, "--quiet", "--processes", str(processes), *more)

    def training(self, run, whole, duration):
        """One training from its start to its end, with kills between."""
        self.trainings += 1
        name, size = f"training {self.trainings}", self.options.processes
        seen = set()
        agent = subprocess.Popen(
            self.command(run, size, "--restarts", "1000"), stderr=subprocess.PIPE, text=True)
        # Several times as many as a training survives on average, then it is let go.
        quota = self.draw.randrange(2, 14)
        while agent.poll() is None and quota > 0 and self.count < self.options.kills:
            time.sleep(self.draw.random() * duration * 0.7)
            ranks = children(agent.pid)
            seen.update(ranks)
            if len(ranks) < size or agent.poll() is not None:
                continue
            victim, now = self.draw.randrange(size), phase(run)
            try:
                os.kill(ranks[victim], signal.SIGKILL)
            except ProcessLookupError:
                continue
            quota -= 1
            self.count += 1
            self.phases[now] += 1
            self.victims[victim] += 1
        while agent.poll() is None:
            seen.update(children(agent.pid))
            time.sleep(0.01)
        messages = agent.stderr.read()
        if agent.returncode != 0:
            self.faults.append(f"{name} ended with {agent.returncode}: {messages[-300:]}")
            return
        self.faults += [f"{name}: {difference}" for difference in trainings.differences(run, whole)]
        self.faults += [
            f"{name}: process {rank} is still there" for rank in seen if os.path.isdir(f"/proc/{rank}")]

    def changing(self, run, duration):
        """A training that is interrupted and continued by other numbers of processes."""
        for number, processes in enumerate([2, 3, 1]):
            agent = subprocess.Popen(
                self.command(run, processes, *["--resume"] * (number > 0)), stderr=subprocess.DEVNULL)
            if processes != 1:
                time.sleep(duration * 0.6)
                agent.send_signal(signal.SIGINT)
            agent.wait()


def losses(run):
    return [json.loads(line)["loss"] for line in open(f"{run}/metrics.jsonl")]


def main(options, results):
    with tempfile.TemporaryDirectory() as work:
        data = f"{work}/data.csv"
        with open(data, "w") as file:
            print("text,labels", file=file)
            for text, labels in trainings.texts(1200):
                print(f"{text},{';'.join(labels)}", file=file)
        kills = Kills(options, data)
        begun = time.monotonic()
        subprocess.run(kills.command(f"{work}/whole", options.processes), check=True)
        duration = time.monotonic() - begun
        whole = trainings.bytes_of(f"{work}/whole")
        started = time.monotonic()
        while kills.count < options.kills:
            run = f"{work}/{kills.trainings}"
            kills.training(run, whole, duration)
            subprocess.run(["rm", "-rf", run], check=True)
            print(
                f"{kills.count} kills in {kills.trainings} trainings, {len(kills.faults)} faults",
                file=sys.stderr)
        minutes = (time.monotonic() - started) / 60
        kills.changing(f"{work}/changed", duration)
        undisturbed, changed = losses(f"{work}/whole"), losses(f"{work}/changed")
        difference = max(abs(a - b) / abs(a) for a, b in zip(undisturbed, changed))
        if len(undisturbed) != len(changed) or difference > 1e-4:
            kills.faults.append(f"2, 3, 1 processes: losses differ by {difference}")
    text = f"""# Kills of processes that train together

    Benchmarks/rank-kills --kills {options.kills} --processes {options.processes} --seed {options.seed}

{kills.count} processes killed with SIGKILL in {kills.trainings} trainings of {options.processes} processes under
`--restarts`, in one run of {minutes:.0f} minutes on {trainings.machine()}. An undisturbed
training takes {duration:.1f} s. Faults: **{len(kills.faults)}**. A fault is a byte of any file but run.json that differs from
the undisturbed run, a process that outlives its training, a file too many, or another exit code than 0.

| moment | kills |
|---|---|
""" + "".join(f"| {name} | {count} |\n" for name, count in kills.phases.most_common()) + f"""
By rank: {", ".join(f"{rank}: {kills.victims[rank]}" for rank in sorted(kills.victims))}.

A training that was interrupted and continued with 2, 3 and 1 processes has the losses of the undisturbed
one to a relative {difference:.1e}.

[rank-phases.md](rank-phases.md) has kills that are aimed at a phase.
""" + "".join(f"\n- {fault}" for fault in kills.faults) + ("\n" if kills.faults else "")
    (results / "rank-kills.md").write_text(text)
    print(text)
    return int(bool(kills.faults))
