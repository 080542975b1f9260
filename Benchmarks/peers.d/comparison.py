"""Runs the contenders on one view of a data set; a trial is a record, see records.py."""
import dataclasses
import functools
import hashlib
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import tempfile
import time

import contenders
import environments
import records
import tuning
from processes import Failure, cpu_seconds, limited, run

parts = pathlib.Path(__file__).resolve().parent
# Of a processor, for a time that is derived from it.
LEAST_SHARE = 0.5


@dataclasses.dataclass(frozen=True)
class Entry:
    """A program with settings. trial: function of a seed and an empty folder, to metrics and costs."""
    system: str
    title: str
    features: str
    settings: object
    stage: str
    trial: object
    search: dict | None = None


class Comparison:
    def __init__(self, args, source, work, judged):
        self.args, self.source, self.work, self.judged = args, source, work, judged
        self.python = environments.interpreters(args.venv)["peers"]
        self.features, self.log = work / "features", work / "log"
        self.stamp = records.stamp(source)

    # ---------------------------------------------------------------- features, judge
    def prepare(self, kinds):
        """Makes the peers' features unless they are there."""
        if not (self.features / "facts.json").exists():
            run([self.python, parts / "features.py", self.source, self.features, *kinds], 3600, self.log)
        self.facts = json.loads((self.features / "facts.json").read_text())

    def judge(self, ranking, *options):
        a, b = self.propensity()
        text, _ = run([self.python, parts / "judge.py", self.features, ranking,
                       "--propensity", a, b, *options], 600, self.log)
        return json.loads(text)

    def propensity(self):
        path = self.source / "dataset.json"
        stored = json.loads(path.read_text()).get("propensity", {}) if path.exists() else {}
        return stored.get("a", 0.55), stored.get("b", 1.5)

    # ---------------------------------------------------------------- records
    def run(self, entry, seed, known):
        """The record of a trial: an equal one of `known`, or a new one, which is appended."""
        peer = next((p for p in contenders.PEERS if p.name == entry.system), None)
        record = {
            "data": self.args.name, "stamp": self.stamp, "facts": self.facts, "judged": self.judged,
            "stage": entry.stage, "system": entry.system, "title": entry.title,
            "features": entry.features, "settings": entry.settings, "seed": seed,
            "threads": self.args.threads, "program": self.program(peer.environment if peer else None)}
        same = [r for r in known if records.identity(r) == records.identity(record)]
        if same:
            # The same setting under another stage needs no second trial, and no second look at test.
            return {**same[-1], **{k: record[k] for k in ("stage", "title")}, "search": entry.search,
                    "reused": True}
        begun = time.time()
        record.update(begun=records.now(), load=os.getloadavg()[0], machine=processor(),
                      search=entry.search, failure=None, metrics=None, costs=None)
        with tempfile.TemporaryDirectory(dir=self.work) as scratch:
            try:
                record["metrics"], record["costs"] = entry.trial(seed, pathlib.Path(scratch))
            except Failure as failure:
                record["failure"] = str(failure)
        record.update(ended=records.now(), wall_seconds=round(time.time() - begun, 3))
        records.append(self.args.records, record)
        known.append(record)
        return record

    @functools.cache  # noqa: B019
    def program(self, environment):
        if environment is None:
            digest = hashlib.sha256(pathlib.Path(self.args.decant).read_bytes()).hexdigest()[:12]
            version = subprocess.run(
                [self.args.decant, "--version"], stdout=subprocess.PIPE, text=True).stdout.strip()
            return f"decant {version} {digest}"
        return ", ".join(f"{n} {v}" for n, v in
                         environments.versions(self.args.venv, environment).items())

    # ---------------------------------------------------------------- contenders
    def asked(self):
        return self.args.peers.split(",") if self.args.peers else None

    def chosen(self, mode):
        asked = self.asked()
        for peer in contenders.PEERS:
            usual = peer.in_table if mode == "stored" else peer.in_summary
            if peer.name in asked if asked else usual and contenders.fits(peer, self.facts):
                yield peer

    def stored(self):
        """The entries of the table of one data set."""
        kinds, asked = list(self.facts["kinds"]), self.asked()
        result = []
        for peer in self.chosen("stored"):
            settings = contenders.settings(peer, self.facts["labels"])
            own = kinds if peer.takes_all_kinds else kinds[:1]
            for kind in own if peer.uses_features else ["own"]:
                result.append(self.peer_entry(peer, kind, settings, "stored"))
        for title, options in self.decant_options():
            stage = "stored" if self.args.decant_options is None else "options"
            if self.facts["texts"] and (not asked or "decant" in asked):
                result.append(self.decant_entry(title, options["text"], None, stage))
            if not asked or "decant-matrix" in asked:
                for kind in kinds:
                    result.append(self.decant_entry(title, options["matrix"], kind, stage))
        return result

    def decant_options(self):
        if self.args.decant_options is not None:
            return [(f"Decant {o}".strip(), dict.fromkeys(("text", "matrix"), [shlex.split(o)]))
                    for o in self.args.decant_options]
        stored = contenders.DECANT.get(self.args.name, {})
        result = [("Decant", {"text": [[]], "matrix": [[]], **stored})]
        for title, members in contenders.MEANS.get(self.args.name, {}).items():
            result.append((title, {"text": members, "matrix": members}))
        return result

    def defaults(self):
        """Every program with its authors' defaults and the plainest features."""
        kind = list(self.facts["kinds"])[0]
        result = []
        for peer in self.chosen("defaults"):
            settings = contenders.settings(peer, self.facts["labels"], "defaults")
            result.append(
                self.peer_entry(peer, kind if peer.uses_features else "own", settings, "defaults"))
        if self.is_asked("decant"):
            result.append(self.decant_entry("Decant", [[]], None, "defaults"))
        return result

    def is_asked(self, name):
        return not self.asked() or name in self.asked()

    def tuned(self, held_out, budget, known):
        """Every program with the best settings found within `budget` s on `held_out`, another view."""
        kind = list(self.facts["kinds"])[0]
        for peer in self.chosen("tuned"):
            yield self.tune_peer(peer, kind, held_out, budget, known)
        if self.is_asked("decant"):
            yield self.tune_decant(budget)

    def tune_peer(self, peer, kind, held_out, budget, known):
        start = {"features": kind if peer.uses_features else "own",
                 **contenders.settings(peer, self.facts["labels"], "defaults")}
        usable = {"features": list(self.facts["kinds"])}
        grid = [(name, [v for v in values if v in usable.get(name, [v])]) for name, values in peer.grid]
        seen, spent = [], 0.0

        def attempt(settings):
            nonlocal spent
            own = {k: v for k, v in settings.items() if k != "features"}
            record = held_out.run(held_out.peer_entry(peer, settings["features"], own, "trial"), 0, known)
            # A trial that an earlier search made counts as if it were made now.
            spent += record["wall_seconds"]
            seen.append({"settings": settings, "failure": record["failure"],
                         "score": record["metrics"] and tuning.score(record["metrics"])})
            return record["metrics"]

        best, score, attempts = tuning.search(start, grid, attempt, lambda: budget - spent)
        own = {k: v for k, v in best.items() if k != "features"}
        search = {"budget_seconds": budget, "seconds": round(spent, 1), "trials": attempts, "score": score, "seen": seen}
        return self.peer_entry(peer, best["features"], own, "tuned", search)

    def tune_decant(self, budget):
        file = self.work / f"tuned-{budget:.0f}s.json"
        told = file.with_name(file.name + ".search")
        if not told.exists():
            begun = time.time()
            try:
                run([self.args.decant, "tune", self.source, "--output", file, "--budget", f"{budget:.0f}s",
                     "--threads", 1, "--quiet"], 3 * budget + 120, self.log, cores=self.args.threads)
            except Failure as error:
                failure = f"decant tune: {error}"

                def fails(seed, output):
                    raise Failure(failure)
                return Entry("decant", "Decant", "own", {"tune": budget}, "tuned", fails)
            with open(file.with_name(file.name + ".trials.jsonl"), encoding="utf-8") as f:
                trials = sum(1 for _ in f)
            told.write_text(json.dumps({"budget_seconds": budget, "trials": trials,
                                        "seconds": round(time.time() - begun, 1)}))
        search, chosen = json.loads(told.read_text()), json.loads(file.read_text())
        entry = self.decant_entry("Decant", [["--config", str(file)]], None, "tuned")
        return dataclasses.replace(entry, settings={"config": chosen}, search=search)

    # ---------------------------------------------------------------- trials
    def peer_entry(self, peer, kind, settings, stage, search=None):
        first = kind if peer.uses_features else list(self.facts["kinds"])[0]

        def trial(seed, output):
            job = {"features": str(self.features), "kind": first, "output": str(output),
                   "folder": str(self.source), "threads": self.args.threads, "seed": seed,
                   "settings": settings}
            (output / "job.json").write_text(json.dumps(job))
            python = environments.interpreters(self.args.venv)[peer.environment]
            run([python, parts / peer.driver, output / "job.json"], self.args.limit, self.log,
                env=limited(self.args.threads))
            costs = json.loads((output / "report.json").read_text())
            documents = self.facts["documents"]
            making = self.facts["kinds"][first]["cpu_seconds"] if peer.uses_features else 0.0
            each = making / sum(documents.values())
            costs["train_call_cpu_seconds"] = costs["train_cpu_seconds"]
            costs["train_cpu_seconds"] += each * documents["train"]
            costs["predict_call_ms"] = 1000 * costs["predict_seconds"] / documents["test"]
            costs["predict_ms"] = costs["predict_call_ms"] + 1000 * each
            costs["predict_cpu_ms"] = 1000 * (costs["predict_cpu_seconds"] / documents["test"] + each)
            return self.judge(output / "ranking.npy"), costs
        return Entry(peer.name, peer.title, kind, settings, stage, trial, search)

    def decant_entry(self, title, members, kind, stage):
        """`members`: the options of each run of an ensemble, optionally followed by those of evaluate."""
        judging = next((m["evaluate"] for m in members if isinstance(m, dict)), [])
        options = [m for m in members if isinstance(m, list)]

        def trial(seed, output):
            return self.decant_trial(options, judging, kind, seed, output)
        return Entry("decant", title, kind or "own", members, stage, trial)

    def decant_trial(self, members, judging, kind, seed, output):
        begun = time.time()
        ranking, source = output / "ranking.jsonl", self.imported(kind) if kind else self.source
        models = [output / f"run{number}" for number in range(len(members))]
        peaks, training = [], 0.0
        for number, (model, options) in enumerate(zip(models, members)):
            _, used = run(
                [self.args.decant, "train", source, "--output", model,
                 "--seed", seed * len(members) + number, "--threads", self.args.threads,
                 *options, "--quiet"], max(self.args.limit - (time.time() - begun), 1), self.log)
            peaks.append(used.ru_maxrss)
            training += cpu_seconds(used)
        others = [word for model in models[1:] for word in ("--with", model)]
        judging_begun = time.time()
        text, used = run(
            [self.args.decant, "evaluate", models[0], *others, *judging, "--json",
             "--rankings", ranking],
            max(self.args.limit - (time.time() - begun), 1), self.log)
        share = cpu_seconds(used) / max(time.time() - judging_begun, 1e-9)
        peaks.append(used.ru_maxrss)
        own = json.loads(text)
        own.update(own["macro"])
        judged = self.judge(ranking, *([] if kind else ["--names"]))
        for name, value in judged.items():
            # The import does not carry the data set's propensity model.
            if abs(value - own[name]) > 0.005 and not (kind and name.startswith("PSP")):
                raise Failure(f"judge.py says {name} {value:.3f}, decant evaluate {own[name]:.3f}")
        milliseconds = 1000 * own["prediction_seconds"] / own["documents"]
        return judged, {
            **prediction_cpu(milliseconds, share, self.args.threads),
            "train_seconds": own["train_seconds"],
            # The whole process: reading, features, pilots and training.
            "train_cpu_seconds": training, "train_call_cpu_seconds": own["train_cpu_seconds"],
            "preparation_cpu_seconds": own["preparation_cpu_seconds"],
            "predict_ms": milliseconds, "predict_call_ms": milliseconds,
            "model_bytes": sum(
                f.stat().st_size for m in models for f in m.rglob("*") if f.is_file()),
            "peak_bytes": 1024 * max(peaks)}

    def imported(self, kind):
        """The peers' matrix as a Decant data set."""
        output = self.work / "imported" / kind
        if not output.exists():
            output.parent.mkdir(exist_ok=True)
            # A partial import must not be reused the next time.
            shutil.rmtree(self.work / "half", ignore_errors=True)
            run([self.args.decant, "data", "import", "--format", "svmlight", self.features / kind,
                 "--output", self.work / "half"], 1800, self.log)
            (self.work / "half").rename(output)
        return output


def prediction_cpu(milliseconds, share, threads):
    """The cost of a prediction in CPU time, from its wall time and the share of a processor its process had.

    Nothing below half a processor: prediction is a short part of the process, and its own share may have been
    a quite different one.
    """
    return {"predict_cpu_ms": milliseconds * min(share, threads)} if share >= LEAST_SHARE else {}


def seeds(system):
    """How many seeds the summary takes of a program."""
    return next((p.seeds for p in contenders.PEERS if p.name == system), 3)


def processor():
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                return f"{line.split(':', 1)[1].strip()}, {os.cpu_count()} cores"
    return f"{os.uname().machine}, {os.cpu_count()} cores"
