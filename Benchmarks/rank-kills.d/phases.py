"""Kills or stops each rank in each phase of a training, and watches the others.

The ranks are started as a launcher starts them, without an agent that would end the survivors. A mark in the
run's files, in the first rank's messages or among its sockets says that a phase has begun. The victim is
stopped at once; if the mark still holds then, it is killed, so that the phase is certain. Afterwards the
training is continued, and its bytes are compared with those of an undisturbed one.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import trainings

EPOCHS, BATCH, STEPS, VALIDATION = 2, 128, 8, 6000
# Seconds of --process-timeout, and how much later a survivor may end.
TIMEOUT, GRACE = 6, 2


def write_data(folder):
    os.mkdir(folder)
    count = BATCH * STEPS
    with open(f"{folder}/documents.jsonl", "w") as documents, \
            open(f"{folder}/train.jsonl", "w") as train, \
            open(f"{folder}/validation.jsonl", "w") as validation:
        for number, (text, labels) in enumerate(trainings.texts(count + VALIDATION)):
            print(json.dumps({"id": f"d{number}", "text": text}), file=documents)
            split = train if number < count else validation
            print(json.dumps({"id": f"d{number}", "labels": labels}), file=split)
    with open(f"{folder}/labels.jsonl", "w") as file:
        for label in range(50):
            print(json.dumps({"id": f"label{label}", "text": f"label{label}"}), file=file)


class Training:
    """Ranks that a launcher started, with their messages."""

    def __init__(self, decant, data, run, size, work):
        self.arguments = trainings.command(decant, data, run, epochs=EPOCHS, timeout=TIMEOUT)
        self.run, self.size, self.work = run, size, work
        self.port = trainings.free_port()
        self.ranks = {}

    def start(self, rank):
        self.ranks[rank] = subprocess.Popen(
            self.arguments, env=trainings.launched(rank, self.size, self.port), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=open(f"{self.work}/messages-{rank}", "w"))

    def messages(self, rank):
        return open(f"{self.work}/messages-{rank}", errors="replace").read()

    def names(self):
        return os.listdir(self.run) if os.path.isdir(self.run) else []

    def checkpoint(self):
        """The number of complete checkpoints."""
        try:
            return json.load(open(f"{self.run}/checkpoint.json"))["number"]
        except (OSError, ValueError, KeyError):
            return 0

    def is_writing(self, rank):
        end = f".{rank}of{self.size}.safetensors.partial-"
        return any(n.startswith("checkpoint-") and end in n for n in self.names())

    def is_connected(self, rank):
        """Whether a rank serves the meeting point, or has reached it."""
        state, column = ("0A", 1) if rank == 0 else ("01", 2)
        inodes = set()
        for line in open("/proc/net/tcp").readlines()[1:] + open("/proc/net/tcp6").readlines()[1:]:
            fields = line.split()
            if fields[3] == state and int(fields[column].rsplit(":", 1)[1], 16) == self.port:
                inodes.add(fields[9])
        folder = f"/proc/{self.ranks[rank].pid}/fd"
        for name in os.listdir(folder):
            try:
                link = os.readlink(f"{folder}/{name}")
            except OSError:
                continue
            if link.startswith("socket:[") and link[8:-1] in inodes:
                return True
        return False

    def has_libtorch(self, rank):
        return "libtorch_cpu" in open(f"/proc/{self.ranks[rank].pid}/maps").read()

    def end(self):
        for process in self.ranks.values():
            if process.poll() is None:
                process.kill()
            process.wait()


def joining(t, victim):
    """One rank has not come yet, so that the others wait for it."""
    return t.is_connected(victim)


def preparing(t, _):
    return "configuration.json" in t.names() and "prepared in" not in t.messages(0)


def first_step(t, _):
    return "prepared in" in t.messages(0) and not any(n.startswith("checkpoint") for n in t.names())


def between(t, _):
    return 2 <= t.checkpoint() < STEPS - 1 and not any(t.is_writing(r) for r in range(t.size))


def evaluating(t, _):
    """After the last step's start, its duration many times over, and before the epoch's line."""
    listing = f"{t.run}/checkpoint.json"
    return (
        t.checkpoint() == STEPS - 1 and time.time() - os.stat(listing).st_mtime > 0.1
        and "metrics.jsonl" not in t.names())


def ending(t, _):
    return t.checkpoint() == EPOCHS * STEPS and "model.safetensors" not in t.names()


def storing(t, _):
    return "model.safetensors" in t.names() and "run.json" not in t.names()


# The mark of each phase, and whether one rank is held back until the victim is dead.
PHASES = {
    "start": (lambda t, victim: not t.has_libtorch(victim), False),
    "join": (joining, True),
    "preparation": (preparing, False),
    "first step": (first_step, False),
    "step": (between, False),
    "writing a checkpoint": (lambda t, victim: t.is_writing(victim), False),
    "evaluation": (evaluating, False),
    "end": (ending, False),
    "storing the model": (storing, False),
}
# Ranks that are stopped and not killed: a machine that hangs, or a network that is gone.
STOPPED = ["join", "preparation", "step", "writing a checkpoint", "evaluation"]


def is_stopped(process):
    state = open(f"/proc/{process}/stat").read().rsplit(")", 1)[1].split()[0]
    threads = os.listdir(f"/proc/{process}/task")
    return state == "T" and all(
        " T " in open(f"/proc/{process}/task/{t}/stat").read().rsplit(")", 1)[1][:3] for t in threads)


def strike(t, victim, mark):
    """Stops the victim while the mark holds; False if the training went past it."""
    process = t.ranks[victim]
    while process.poll() is None:
        try:
            if mark(t, victim):
                process.send_signal(signal.SIGSTOP)
                while not is_stopped(process.pid):
                    pass
                if mark(t, victim):
                    return True
                process.send_signal(signal.SIGCONT)
        except (FileNotFoundError, ProcessLookupError):
            pass
        time.sleep(0.0005)
    return False


def sentence(text):
    """The last message of a rank without its own prefix."""
    lines = [line for line in text.splitlines() if line.startswith("decant: ")]
    line = lines[-1][len("decant: "):] if lines else ""
    line = re.sub(r"\[?127\.0\.0\.1\]?:\d+", "HOST:PORT", line)
    return re.sub(r"/\S*/", "", line)


def disturb(options, data, work, whole, phase, victim, kills):
    """One training with one victim: a row of the table, and the faults."""
    mark, holds_back = PHASES[phase]
    held = max(r for r in range(options.processes) if r != victim) if holds_back else None
    for _ in range(12):
        run = f"{work}/run"
        subprocess.run(["rm", "-rf", run], check=True)
        t = Training(options.decant, data, run, options.processes, work)
        for rank in range(options.processes):
            if rank != held:
                t.start(rank)
        if strike(t, victim, mark):
            break
        t.end()
    else:
        return None, [f"{phase}, rank {victim}: the mark was never met"]
    if kills:
        t.ranks[victim].kill()
    begun = time.monotonic()
    if held is not None:
        t.start(held)
    ends = {}
    while len(ends) < options.processes - 1 and time.monotonic() - begun < TIMEOUT * 3 + GRACE:
        for rank, process in t.ranks.items():
            if rank != victim and rank not in ends and process.poll() is not None:
                ends[rank] = time.monotonic() - begun
        time.sleep(0.005)
    outliving = [r for r in t.ranks if r != victim and r not in ends]
    t.end()
    what = f"{phase}, rank {victim} {'killed' if kills else 'stopped'}"
    faults = [f"{what}: rank {rank} did not end" for rank in outliving]
    codes = {rank: t.ranks[rank].returncode for rank in ends}
    is_complete = "run.json" in t.names()
    for rank, code in codes.items():
        # The other ranks are ready before the first one stores the model.
        if code not in ((0, 75) if is_complete or phase == "storing the model" else (75,)):
            faults.append(f"{what}: rank {rank} ended with {code}: {t.messages(rank)[-300:]}")
        elif code == 75 and not sentence(t.messages(rank)):
            faults.append(f"{what}: rank {rank} said nothing")
        elif ends[rank] > TIMEOUT + GRACE:
            faults.append(f"{what}: rank {rank} ended after {ends[rank]:.0f} s")
    partial = sum(".partial-" in n for n in t.names())
    resumed = trainings.run(
        t.arguments + ["--quiet", "--processes", str(options.processes), "--resume"],
        stdin=subprocess.DEVNULL)
    if resumed.returncode:
        faults.append(f"{what}: --resume ended with {resumed.returncode}: {resumed.stderr[-300:]}")
    else:
        faults += [f"{what}, resumed: {d}" for d in trainings.differences(run, whole)]
    sentences = list(dict.fromkeys(sentence(t.messages(r)) for r in sorted(ends)))
    numbers = ", ".join(f"{r}: {codes[r]} after {ends[r]:.1f}" for r in sorted(ends))
    said = "; ".join(f"“{s}”" for s in sentences if s) or "finished"
    return f"| {phase} | {victim} | {numbers} | {said} | {partial} |", faults


def meetings(options, data, work):
    """Ranks that do not belong together, or find nobody: rows and faults."""
    def case(name, ranks, expected, listener=False):
        """ranks: rank, size and run folder of each process, in the order of their start."""
        t = Training(options.decant, data, f"{work}/m", options.processes, work)
        if listener:
            taken = trainings.socket.create_server(("127.0.0.1", t.port))
        begun, processes = time.monotonic(), []
        for number, (rank, size, run) in enumerate(ranks):
            arguments = [f"{work}/{run}" if a == t.run else a for a in t.arguments] + ["--quiet"]
            processes.append(subprocess.Popen(
                arguments, env=trainings.launched(rank, size, t.port), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=open(f"{work}/messages-{number}", "w")))
            time.sleep(0.5)
        codes, seconds = [], []
        for process in processes:
            try:
                codes.append(process.wait(timeout=TIMEOUT * 3 + GRACE))
            except subprocess.TimeoutExpired:
                process.kill()
                codes.append(process.wait())
            seconds.append(time.monotonic() - begun)
        if listener:
            taken.close()
        said = [sentence(t.messages(n)) for n in range(len(ranks))]
        row = "; ".join(
            f"rank {rank} of {size}: {code}" + (f" “{words}”" if words else "")
            for (rank, size, _), code, words in zip(ranks, codes, said))
        wrong = [] if codes == expected else [f"{name}: codes {codes}, expected {expected}"]
        wrong += [f"{name}: rank {ranks[n][0]} said nothing" for n, c in enumerate(codes) if c and not said[n]]
        for run in {run for _, _, run in ranks}:
            subprocess.run(["rm", "-rf", f"{work}/{run}"], check=True)
        return f"| {name} | {row} | {max(seconds):.1f} |", wrong

    cases = [
        ("ranks of different sizes", [(0, 2, "a"), (1, 3, "a")], [75, 75]),
        ("two ranks of one number", [(0, 2, "a"), (1, 2, "a"), (1, 2, "a")], [0, 0, 75]),
        ("two trainings at one port", [(0, 2, "a"), (1, 2, "a"), (0, 2, "b"), (1, 2, "b")], [0, 0, 75, 75]),
        ("two trainings at one port, mixed", [(0, 2, "a"), (1, 2, "b"), (0, 2, "b"), (1, 2, "a")],
         [75, 74, 75, 75]),
        ("no first rank", [(1, 2, "a")], [75]),
        ("only the first rank", [(0, 2, "a")], [75]),
        ("the port is taken", [(0, 2, "a"), (1, 2, "a")], [75, 75], True),
    ]
    rows, faults = zip(*(case(*c) for c in cases))
    return list(rows), [f for some in faults for f in some]


def agents(options, data, work, whole):
    """What happens under `--processes`: the agent killed, and a rank that is stopped."""
    rows, faults = [], []
    for name, restarts in (("the agent killed", []), ("a rank stopped, with --restarts 1", ["--restarts", "1"])):
        t = Training(options.decant, data, f"{work}/agent", options.processes, work)
        agent = subprocess.Popen(
            t.arguments + ["--processes", str(options.processes)] + restarts, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=open(f"{work}/messages-0", "w"))
        while not between(t, 0):
            time.sleep(0.0005)
        ranks = [int(n) for n in open(f"/proc/{agent.pid}/task/{agent.pid}/children").read().split()]
        begun = time.monotonic()
        if restarts:
            os.kill(ranks[1], signal.SIGSTOP)
        else:
            agent.kill()
        agent.wait()
        limit = time.monotonic() + TIMEOUT + GRACE
        while any(os.path.isdir(f"/proc/{r}") for r in ranks) and time.monotonic() < limit:
            time.sleep(0.005)
        seconds = time.monotonic() - begun
        for rank in ranks:
            if os.path.isdir(f"/proc/{rank}"):
                faults.append(f"{name}: process {rank} is still there")
                os.kill(rank, signal.SIGKILL)
        if not restarts:
            resumed = trainings.run(
                t.arguments + ["--quiet", "--processes", str(options.processes), "--resume"])
            if resumed.returncode:
                faults.append(f"{name}: --resume ended with {resumed.returncode}: {resumed.stderr[-300:]}")
        elif agent.returncode:
            faults.append(f"{name}: ended with {agent.returncode}: {t.messages(0)[-300:]}")
        faults += [f"{name}: {d}" for d in trainings.differences(t.run, whole)]
        said = [line for line in t.messages(0).splitlines() if "process " in line]
        rows.append(f"| {name} | {agent.returncode} | {said[-1] if said else ''} | {seconds:.1f} |")
        subprocess.run(["rm", "-rf", t.run], check=True)
    return rows, faults


def main(options, results):
    wanted = options.only or [*PHASES, *(f"{p}, stopped" for p in STOPPED), "meetings", "agents"]
    killed, stopped, met, under, faults = [], [], [], [], []
    with tempfile.TemporaryDirectory() as work:
        data = f"{work}/data"
        write_data(data)
        whole_command = trainings.command(
            options.decant, data, f"{work}/whole", "--quiet", "--processes", str(options.processes),
            epochs=EPOCHS)
        subprocess.run(whole_command, check=True)
        whole = trainings.bytes_of(f"{work}/whole")
        for name in wanted:
            if name in ("meetings", "agents"):
                rows, wrong = meetings(options, data, work) if name == "meetings" else agents(
                    options, data, work, whole)
                (met if name == "meetings" else under).extend(rows)
                faults += wrong
                print("\n".join([*rows, *wrong]), file=sys.stderr)
                continue
            phase, kills = name.removesuffix(", stopped"), not name.endswith(", stopped")
            # The other ranks have ended when the first one stores the model.
            for victim in range(1 if phase == "storing the model" else options.processes):
                row, wrong = disturb(options, data, work, whole, phase, victim, kills)
                if row:
                    (killed if kills else stopped).append(row)
                faults += wrong
                print("\n".join([row or name, *wrong]), file=sys.stderr)
            if not options.only:
                store(options, results, killed, stopped, met, under, faults)
    if not options.only:
        store(options, results, killed, stopped, met, under, faults)
    return int(bool(faults))


def store(options, results, killed, stopped, met, under, faults):
    head = "| phase | rank | survivors: code after seconds | what they said | partial files |\n|---|---|---|---|---|\n"
    text = f"""# Kills aimed at a phase

    Benchmarks/rank-kills --phases --processes {options.processes}

{options.processes} processes of one thread, started as a launcher starts them, with `--process-timeout {TIMEOUT}`,
on {trainings.machine()}. A mark in the run's files, the first rank's
messages or its sockets says that a phase has begun. The victim is stopped with SIGSTOP and killed only if the mark
still holds, so that the phase is certain. Then `--resume` continues with as many processes. Faults: **{len(faults)}**. A
fault is a survivor that waits longer than {TIMEOUT + GRACE} s, says nothing or has another code than 75 (0 where the
run is complete), or a byte of the continued run, other than run.json, that differs from the undisturbed one. Partial files
are those in the folder before `--resume`, which removes them.

## Killed

{head}""" + "".join(f"{row}\n" for row in killed) + f"""
“Join” is killed while one rank has not come yet, which then comes. “Storing the model” is after the other ranks have ended.

## Stopped

A process that does not answer any more, as on a machine that hangs.

{head}""" + "".join(f"{row}\n" for row in stopped) + """
## Under `--processes`

| event in a step | code | message | seconds until all processes have ended |
|---|---|---|---|
""" + "".join(f"{row}\n" for row in under) + """
## Ranks that do not belong together

| case | codes and messages | seconds |
|---|---|---|
""" + "".join(f"{row}\n" for row in met) + "".join(f"\n- {fault}" for fault in faults) + ("\n" if faults else "")
    (results / "rank-phases.md").write_text(text)
