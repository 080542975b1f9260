"""Makes results/summary.md from the records: data set × system, with defaults and with tuned settings.

The section NOTES at the end of the page is written by hand and kept.
"""
import collections
import json
import statistics

import contenders

NOTES = "## Where Decant loses, and why"
STAGES = {"defaults": "With everybody's defaults", "tuned": "With everybody tuned on held-out training documents"}
# A program with a P@1 lower by more than this does not count as cheaper.
NEAR = 2.0
COSTS = [("train CPU s", "train_cpu_seconds", 1), ("CPU ms a document", "predict_cpu_ms", 1),
         ("peak MB", "peak_bytes", 1e6), ("model MB", "model_bytes", 1e6)]
# Decant may be this far below another program, says the project's aim; in points of P@1.
AIM = 0.5
# Up to this many labels R@100 is 100 for every program that ranks all of them.
FEW_LABELS = 100


def newest(rows):
    """stage -> data -> system -> records of one program version, one per seed, on test."""
    groups = collections.defaultdict(list)
    for r in rows:
        if r["judged"] == "test" and r["stage"] in STAGES:
            groups[r["stage"], r["data"], r["system"]].append(r)
    result = {stage: collections.defaultdict(dict) for stage in STAGES}
    for (stage, data, system), own in groups.items():
        last = own[-1]
        same = [r for r in own if all(r[k] == last[k] for k in ("stamp", "program", "settings", "features"))]
        result[stage][data][system] = list({r["seed"]: r for r in same}.values())
    return result


def macro_of(facts):
    """The macro F1 whose cutoff is nearest to the labels a training document has."""
    each = facts["pairs"]["train"] / max(facts["documents"]["train"], 1)
    return f"macroF1@{min((1, 3, 5), key=lambda k: abs(k - each))}"


def middle(rows, group, key, unit=1):
    values = [r[group][key] / unit for r in rows if r[group] and key in r[group]]
    return statistics.median(values) if values else None


def spread(rows, key):
    values = [r["metrics"][key] for r in rows if r["metrics"]]
    text = f"{statistics.median(values):.2f}"
    return text if len(values) < 2 or max(values) - min(values) < 0.005 else (
        f"{text} ({min(values):.2f}–{max(values):.2f})")


def order():
    return ["decant", *(p.name for p in contenders.PEERS if p.in_summary)]


def title(rows):
    return next((p.title for p in contenders.PEERS if p.name == rows[-1]["system"]), "Decant")


def plain(value):
    """Two digits that count, without an exponent."""
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 10 else f"{float(f'{value:.2g}'):f}".rstrip("0").rstrip(".")


def measures(facts):
    names = ["P@1", "PSP@5", "R@100", macro_of(facts)]
    return [m for m in names if m != "R@100" or facts["labels"] > FEW_LABELS]


def good(systems):
    return {name: rows for name, rows in systems.items() if any(r["metrics"] for r in rows)}


def data_table(systems, facts):
    metrics = measures(facts)
    head = ["system", "features", *metrics, *(t for t, *_ in COSTS)]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    able = good(systems)
    best = {m: max((middle(rows, "metrics", m) for rows in able.values()), default=0) for m in metrics}
    for name in [n for n in order() if n in systems]:
        rows = systems[name]
        if name not in able:
            reason = rows[-1]["failure"].replace("|", "/").replace("\n", " ")
            lines.append(f"| {title(rows)} | {rows[-1]['features']} | failed: {reason} |" + " |" * (len(head) - 3))
            continue
        cells = []
        for m in metrics:
            is_best = best[m] - middle(rows, "metrics", m) < 0.005
            cells.append(f"**{spread(rows, m)}**" if is_best else spread(rows, m))
        cells += [plain(middle(rows, "costs", key, unit)) for _, key, unit in COSTS]
        lines.append(f"| {title(rows)} | {rows[-1]['features']} | " + " | ".join(cells) + " |")
    return lines


def missing(systems, facts):
    """Titles of the programs that are for such data and have no record."""
    return [p.title for p in contenders.PEERS
            if p.in_summary and p.name not in systems and contenders.fits(p, facts)]


def losses(data, systems, facts):
    """Rows (data, measure, Decant's, the best other's, difference) where another program is better."""
    able = good(systems)
    if "decant" not in able:
        return []
    own, others = able["decant"], {n: r for n, r in able.items() if n != "decant"}
    result = []
    for m in measures(facts):
        mine = middle(own, "metrics", m)
        name = max(others, key=lambda n: middle(others[n], "metrics", m), default=None)
        if name and middle(others[name], "metrics", m) - mine >= 0.005:
            theirs = middle(others[name], "metrics", m)
            result.append((data, m, f"{mine:.2f}", f"{theirs:.2f} {title(others[name])}", f"{mine - theirs:+.2f}"))
    near = {n: r for n, r in others.items()
            if middle(r, "metrics", "P@1") >= middle(own, "metrics", "P@1") - NEAR}
    for label, key, unit in COSTS:
        mine = middle(own, "costs", key, unit)
        known = [n for n in near if middle(near[n], "costs", key) is not None]
        name = min(known, key=lambda n: middle(near[n], "costs", key), default=None)
        if name and mine is not None and middle(near[name], "costs", key, unit) < mine:
            theirs = middle(near[name], "costs", key, unit)
            result.append((data, label, plain(mine), f"{plain(theirs)} {title(near[name])}",
                           f"× {plain(mine / theirs)}" if theirs else ""))
    return result


def overview(by_data):
    """One row per data set: Decant against the best other program."""
    lines = ["| data set | P@1 | best other | difference | PSP@5 | best other | R@100 | best other | macro F1 "
             "| best other |", "|" + "---|" * 10]
    ahead, among, behind = collections.Counter(), collections.Counter(), {}
    for data, systems in by_data.items():
        able = good(systems)
        if "decant" not in able or len(able) < 2:
            continue
        facts = able["decant"][-1]["facts"]
        cells = []
        for m in ("P@1", "PSP@5", "R@100", macro_of(facts)):
            if m not in measures(facts):
                cells += ["", ""]
                continue
            mine = middle(able["decant"], "metrics", m)
            best, name = max((middle(r, "metrics", m), title(r)) for n, r in able.items() if n != "decant")
            kind = "macro F1" if m.startswith("macro") else m
            among[kind] += 1
            ahead[kind] += mine >= best - 0.005
            mark = "**" if mine >= best - 0.005 else ""
            cells += [f"{mark}{mine:.2f}{mark}", f"{best:.2f} {name}"]
            if m == "P@1":
                cells.append(f"{mine - best:+.2f}")
                if round(mine - best, 2) < -AIM:
                    behind[data] = mine - best
        lines.append(f"| {data} | " + " | ".join(cells) + " |")
    lines += ["", "Decant is first or equal on " + ", ".join(
        f"{ahead[k]} of {n} in {k}" for k, n in among.items()) + f". P@1 is more than {AIM} below the best other "
        "on " + (", ".join(f"{data} ({points:+.2f})" for data, points in behind.items()) or "none") + "."]
    return lines


def gains(stages):
    """P@1 with defaults and tuned, of Decant and of the best other program, where both were run."""
    lines = ["| data set | Decant, defaults | tuned | difference | best other, defaults | tuned | difference |",
             "|" + "---|" * 7]
    for data, systems in stages["tuned"].items():
        before, after = good(stages["defaults"].get(data, {})), good(systems)
        if "decant" not in before or "decant" not in after:
            continue
        cells = []
        for names in ({"decant"}, (before.keys() & after.keys()) - {"decant"}):
            if not names:
                cells += ["", "", ""]
                continue
            first, second = (max(middle(able[n], "metrics", "P@1") for n in names) for able in (before, after))
            cells += [f"{first:.2f}", f"{second:.2f}", f"{second - first:+.2f}"]
        lines.append(f"| {data} | " + " | ".join(cells) + " |")
    return lines if len(lines) > 2 else []


def changes(record):
    """A tuned setting, as its differences from the defaults."""
    if record["system"] == "decant":
        return "the settings that `decant tune` wrote"
    peer = next(p for p in contenders.PEERS if p.name == record["system"])
    start = contenders.settings(peer, 0, "defaults")
    differs = {k: v for k, v in record["settings"].items() if start.get(k) != v}
    text = ", ".join(f"{k} {json.dumps(v)}" for k, v in differs.items()) or "the defaults"
    return text if record["features"] in ("own", "base", "given") else f"{record['features']}; {text}"


def searches(by_data):
    lines = ["| data set | system | trials | seconds | chosen |", "|---|---|---|---|---|"]
    for data, systems in by_data.items():
        for name in [n for n in order() if n in systems]:
            r = systems[name][-1]
            if r["search"]:
                lines.append(f"| {data} | {title(systems[name])} | {r['search']['trials']} | "
                             f"{r['search']['seconds']:.0f} of {r['search']['budget_seconds']:.0f} | {changes(r)} |")
    return lines


def reads(rows):
    """data -> how many settings of how many programs were judged on its test part, with dates."""
    seen = collections.defaultdict(dict)
    for r in rows:
        if r["judged"] == "test":
            key = json.dumps([r["system"], r["features"], r["settings"], r["program"]], sort_keys=True)
            seen[r["data"]].setdefault(key, r)
    return seen


def facts_line(facts):
    d, p = facts["documents"], facts["pairs"]
    return (f"{d['train']} train and {d['test']} test documents, {facts['labels']} labels, "
            f"{p['train'] / d['train']:.2f} labels and {'texts' if facts['texts'] else 'features given'}, "
            f"{p['train'] / facts['labels']:.0f} documents a label.")


def page(rows, kept):
    stages = newest(rows)
    test = [r for r in rows if r["judged"] == "test" and r["stage"] in STAGES]
    if not test:
        raise SystemExit("peers: the records have no trial of --defaults or --tune on a test part")
    machines = ", ".join(dict.fromkeys(r["machine"] for r in test))
    dates = " to ".join(dict.fromkeys(
        [min(r["begun"] for r in test)[:10], max(r["ended"] for r in test)[:10]]))
    loads = [r["load"] for r in test]
    programs = list(dict.fromkeys(p for r in test for p in r["program"].split(", ")))
    lines = [
        "# Summary: data sets × systems", "",
        "Made by `Benchmarks/peers --summary` from the records of", "",
        "    Benchmarks/peers --data NAME FOLDER --threads 1 --defaults", 
        "    Benchmarks/peers --data NAME FOLDER --threads 1 --tune SECONDS", "",
        f"{dates}, {machines}, one thread; load when a trial began {min(loads):.0f} to {max(loads):.0f}. "
        f"{', '.join(programs)}.", "",
        "- Medians over seeds, least–most in brackets where they differ. Bold: the best of a column.",
        "- macroF1@k is the mean F1 over the labels with a test document, where a label is predicted if it is "
        "among the first k; k is 1, 3 or 5, nearest to the labels a document has. With one label a document, "
        "macroF1@1 is the usual macro F1.",
        "- Train CPU s is from texts (or given features) to model. For Decant it is the whole process, start, "
        "reading and pilots included; for a Python peer making the features of the training documents and the "
        "call that trains, without start and reading. CPU ms a document is prediction in batches, features "
        "included; Decant's is its wall time times its process's share of a processor, and missing where that was "
        "less than a half. Peak is of the whole process, Python and its packages included. Model MB is of the "
        "saved files; a peer on a given matrix saves no vocabulary.",
        "- The machine had other work: compare ratios, and no difference in time below a factor of two.",
        "- Defaults: the authors'; features base (tf-idf of words) or given. Tuned: settings searched on "
        "documents held out of train with the same budget of seconds for every system, then trained on all of "
        "train; Decant's by `decant tune`, the peers' by the grids of `peers.d/contenders.py`. SetFit draws "
        "every pair of documents by default; here it makes 100 steps of 16 pairs. Annif: "
        "NLTK's Punkt without its trained abbreviations.",
        "- R@100 only where there are more than 100 labels.",
        "- A setting of a program is judged on a test part once a seed; the records say when. Decant's defaults "
        "were judged on most of these test parts before, for [defaults.md](defaults.md)."]
    for stage, heading in STAGES.items():
        by_data = stages[stage]
        if not by_data:
            continue
        lines += ["", f"## {heading}", "", *overview(by_data)]
        for data, systems in by_data.items():
            facts = next(iter(systems.values()))[-1]["facts"]
            lines += ["", f"### {data}, {stage}", "", facts_line(facts), "", *data_table(systems, facts)]
            absent = missing(systems, facts)
            if absent:
                lines += ["", f"Not run: {'; '.join(absent)}."]
        if stage == "tuned":
            changed = gains(stages)
            if changed:
                lines += ["", "### What tuning changes", "", "P@1; the best other is among the systems that were "
                          "run both ways.", "", *changed]
            lines += ["", "### Searches", "", *searches(by_data)]
    lines += ["", "## Where another system is better", "",
              "Every measure in which another system is better than Decant. Costs are against the cheapest of the "
              f"systems whose P@1 is at most {NEAR:.0f} points below Decant's."]
    for stage in STAGES:
        found = [row for data, systems in stages[stage].items()
                 for row in losses(data, systems, next(iter(systems.values()))[-1]["facts"])]
        if found:
            lines += ["", f"### Another system is better, {stage}", "", "| data set | measure | Decant | best other | difference |",
                      "|---|---|---|---|---|", *("| " + " | ".join(row) + " |" for row in found)]
    lines += ["", "## Reads of the test parts", "",
              "Settings judged on the test part, Decant's in brackets; a program of another version counts again.",
              "", "| data set | settings (Decant's) | first | last |", "|---|---|---|---|"]
    for data, seen in reads(rows).items():
        own = sum(r["system"] == "decant" for r in seen.values())
        lines.append(f"| {data} | {len(seen)} ({own}) | {min(r['begun'] for r in seen.values())[:16]} | "
                     f"{max(r['ended'] for r in seen.values())[:16]} |")
    return "\n".join(line.rstrip() for line in lines) + "\n" + kept


def write(rows, path):
    kept = ""
    if path.exists():
        _, mark, after = path.read_text(encoding="utf-8").partition("\n" + NOTES)
        kept = "\n" + NOTES + after if mark else ""
    path.write_text(page(rows, kept), encoding="utf-8")
    print(f"written to {path.name}")
