"""Tests of the comparison itself: Benchmarks/peers --self-test."""
import argparse
import importlib.machinery
import importlib.util
import io
import json
import lzma
import math
import os
import pathlib
import random
import subprocess
import sys
import tarfile
import tempfile
import unittest

import numpy as np
import scipy.sparse as sp

import comparison
import contenders
import data_sets
import environments
import features
import folder
import judge
import processes
import records
import summary
import trial
import tuning

here = pathlib.Path(__file__).parent


def matrix(rows, width):
    y = sp.lil_matrix((len(rows), width), dtype=np.float32)
    for i, row in enumerate(rows):
        for j in row:
            y[i, j] = 1
    return y.tocsr()


TOPICS = ["music", "cooking", "football", "physics", "banking", "gardens"]


def make_wordless(source):
    """Six labels with a word each; every thirtieth text of train and every fifth of test has no word."""
    documents, rows = {}, {"train": [], "test": []}
    for i in range(150):
        part, every = ("train", 30) if i < 120 else ("test", 5)
        text = "?! ..." if i % every == every - 1 else f"{TOPICS[i % 6]} and {TOPICS[i % 6]} and word{i % 7}"
        documents[f"d{i}"] = {"text": text}
        rows[part].append((f"d{i}", [f"label {i % 6}"]))
    folder.write(source, "made", documents, {f"label {x}": {"text": f"label {x}"} for x in range(6)}, rows, "", "")


class Judging(unittest.TestCase):
    def test_metrics_are_those_computed_by_hand(self):
        # Two rows: {0, 2} ranked 2 1 0, {1} ranked 0 1; the third has no label and does not count.
        truth = matrix([[0, 2], [1], []], 3)
        ranked = np.array([[2, 1, 0], [0, 1, -1], [0, 1, 2]])
        # With 20 documents: C = (ln 20 - 1) * 2.5^0.55 and w = 1 + C (n + 1.5)^-0.55.
        w = [1 + (math.log(20) - 1) * 2.5**0.55 * (n + 1.5)**-0.55 for n in (10, 5, 1)]
        got = judge.metrics(ranked, truth, [10, 5, 1], 20)
        self.assertAlmostEqual(got["P@1"], 50)
        self.assertAlmostEqual(got["P@3"], 50)
        self.assertAlmostEqual(got["P@5"], 100 * (2 / 5 + 1 / 5) / 2)
        first = (1 + 1 / 2) / (1 + 1 / math.log2(3))
        self.assertAlmostEqual(got["nDCG@5"], 100 * (first + 1 / math.log2(3)) / 2)
        self.assertAlmostEqual(got["PSP@1"], 100 * w[2] / (w[2] + w[1]))
        self.assertAlmostEqual(got["PSP@5"], 100)
        self.assertAlmostEqual(got["R@10"], 100)

    def test_macro_means_are_those_computed_by_hand(self):
        # Labels 0 and 1 have test documents; 2 is predicted and 3 is in no document: neither counts.
        truth = matrix([[0], [0, 1], [1], []], 4)
        ranked = np.array([[0, 2, 1], [0, 1, 2], [2, 0, 1], [3, 3, 3]])
        got = judge.metrics(ranked, truth, [5, 2, 1, 0], 20)
        # First ranks: 0 twice, both right, of 2; 1 never, of 2.
        self.assertAlmostEqual(got["macroP@1"], 100 * (1 + 0) / 2)
        self.assertAlmostEqual(got["macroR@1"], 100 * (1 + 0) / 2)
        self.assertAlmostEqual(got["macroF1@1"], 100 * (1 + 0) / 2)
        # First three: 0 in three rows, right in two, of 2; 1 in three, right in two, of 2.
        self.assertAlmostEqual(got["macroP@3"], 100 * (2 / 3 + 2 / 3) / 2)
        self.assertAlmostEqual(got["macroR@3"], 100)
        self.assertAlmostEqual(got["macroF1@3"], 100 * (4 / 5 + 4 / 5) / 2)

    def test_a_repeated_label_counts_once(self):
        got = judge.metrics(np.array([[0, 0, 1]]), matrix([[0, 1]], 2), [1, 1], 10)
        self.assertAlmostEqual(got["P@1"], 100)
        self.assertAlmostEqual(got["P@3"], 100 * 2 / 3)
        self.assertAlmostEqual(got["R@10"], 100)

    def test_equal_scores_stand_in_the_order_of_their_labels(self):
        order = trial.by_score(np.array([5, 2, 9, 1]), [0.5, 1.0, 1.0, 0.5])
        self.assertEqual(order.tolist(), [2, 9, 1, 5])
        rows = trial.best_of_rows(np.array([[1.0, 3.0, 3.0, 2.0]]))
        self.assertEqual(rows[0].tolist(), [1, 2, 3, 0])

    def test_it_agrees_with_decant_on_decants_own_ranking(self):
        decant = os.environ.get("DECANT", "")
        if not os.access(decant, os.X_OK):
            self.skipTest("no decant; make build")
        chance = random.Random(3)
        with tempfile.TemporaryDirectory() as scratch:
            source, made, run = (f"{scratch}/{n}" for n in ("data", "features", "run"))
            words = [f"word{i}" for i in range(40)]
            documents, rows = {}, {"train": [], "test": []}
            for i in range(300):
                own = chance.sample(range(40), 8)
                labels = sorted({f"{x % 13}" for x in own[:3]}) if i % 50 else ["0"]
                documents[f"d{i}"] = {"text": " ".join(words[x] for x in own) + "\nmore text"}
                rows["test" if i % 4 == 0 else "train"].append((f"d{i}", labels))
            folder.write(source, "made", documents, {f"{x}": {} for x in range(13)}, rows, "", "")
            for command in (
                    [sys.executable, here / "features.py", source, made, "base"],
                    [decant, "train", source, "--output", run, "--epochs", "2", "--quiet"]):
                subprocess.run(command, check=True)
            own = json.loads(subprocess.run(
                [decant, "evaluate", run, "--json", "--rankings", f"{scratch}/r.jsonl"],
                check=True, stdout=subprocess.PIPE).stdout)
            judged = json.loads(subprocess.run(
                [sys.executable, here / "judge.py", made, f"{scratch}/r.jsonl", "--names"],
                check=True, stdout=subprocess.PIPE).stdout)
        self.assertLess(judged["P@1"], 100)
        own.update(own["macro"])
        self.assertIn("macroF1@5", judged)
        for name, value in judged.items():
            self.assertAlmostEqual(value, own[name], places=6, msg=name)


class Drivers(unittest.TestCase):
    """Each program that is installed, on texts of which some have no word."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.source, cls.made = f"{cls.scratch.name}/data", f"{cls.scratch.name}/features"
        make_wordless(cls.source)
        subprocess.run([sys.executable, here / "features.py", cls.source, cls.made, "base"], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def test_every_program_ranks_texts_without_a_word(self):
        x = sp.load_npz(f"{self.made}/base/train.npz")
        self.assertEqual(int((np.diff(x.indptr) == 0).sum()), 4)
        interpreters = environments.interpreters(pathlib.Path(sys.prefix))
        ran = []
        for peer in contenders.PEERS:
            python = interpreters[peer.environment]
            if not os.access(python, os.X_OK):
                continue
            with self.subTest(peer.name), tempfile.TemporaryDirectory() as output:
                job = {"features": self.made, "kind": "base", "output": output, "folder": self.source,
                       "threads": 1, "seed": 0, "settings": contenders.settings(peer, 6, "small")}
                pathlib.Path(output, "job.json").write_text(json.dumps(job))
                done = subprocess.run([python, here / peer.driver, f"{output}/job.json"],
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                self.assertEqual(done.returncode, 0, done.stdout[-2000:])
                ranked = np.load(f"{output}/ranking.npy")
                truth = sp.load_npz(f"{self.made}/labels-test.npz")
                self.assertEqual(len(ranked), truth.shape[0])
                got = judge.metrics(ranked, truth, np.full(6, 20), 120)
                # One in five test documents has no word; the others are easy.
                self.assertGreater(got["P@1"], 70)
                report = json.loads(pathlib.Path(output, "report.json").read_text())
                for cost in ("train_cpu_seconds", "predict_seconds", "model_bytes", "peak_bytes"):
                    self.assertGreater(report[cost], 0, cost)
                ran.append(peer.name)
        self.assertGreater(len(ran), 0)


def a_record(**changes):
    record = {
        "data": "made", "stamp": "s", "judged": "test", "stage": "defaults", "system": "pecos",
        "title": "PECOS XR-Linear", "features": "base", "settings": {"beam": 10}, "seed": 0, "threads": 1,
        "program": "v1", "begun": "2026-11-30T10:00:00", "ended": "2026-11-30T10:01:00", "failure": None,
        "machine": "a machine", "load": 1.6, "search": None,
        "facts": {"documents": {"train": 100, "test": 50}, "labels": 6, "texts": True,
                  "pairs": {"train": 100, "test": 50}, "kinds": {"base": {"cpu_seconds": 1.0}}},
        "metrics": {"P@1": 50.0, "PSP@5": 60.0, "R@100": 90.0, "macroF1@1": 40.0, "nDCG@5": 70.0},
        "costs": {"train_cpu_seconds": 2.0, "predict_cpu_ms": 0.5, "peak_bytes": 2e8, "model_bytes": 3e6}}
    for name, value in changes.items():
        record[name] = {**record[name], **value} if name in ("metrics", "costs", "facts") and value else value
    return record


class Records(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.file = pathlib.Path(self.scratch.name, "deep", "records.jsonl")

    def made(self):
        """A comparison whose programs need not be installed."""
        source = pathlib.Path(self.scratch.name, "source")
        folder.write(source, "made", {"a": {"text": "x"}}, {"1": {}}, {"train": [("a", ["1"])]}, "", "")
        options = argparse.Namespace(
            name="made", venv=pathlib.Path(sys.prefix), decant="decant", threads=1, limit=1, peers=None,
            records=self.file)
        made = comparison.Comparison(options, source, pathlib.Path(self.scratch.name), "test")
        made.facts = a_record()["facts"]
        made.program = lambda environment: "v1"
        return made

    def entry(self, settings, outcomes, stage="defaults"):
        def trial(seed, output):
            outcome = outcomes.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome
        return comparison.Entry("pecos", "PECOS", "base", settings, stage, trial)

    def test_a_setting_is_judged_on_test_once(self):
        made, known = self.made(), []
        results = [({"P@1": 1.0}, {"predict_ms": 1.0}), ({"P@1": 2.0}, {})]
        first = made.run(self.entry({"c": 1}, results), 0, known)
        again = made.run(self.entry({"c": 1}, results, "tuned"), 0, known)
        self.assertEqual((again["metrics"], again["stage"], again["reused"]), (first["metrics"], "tuned", True))
        self.assertEqual(len(results), 1)
        # Also by another process, from the file.
        made.run(self.entry({"c": 1}, results), 0, records.read(self.file))
        self.assertEqual(len(results), 1)
        other = made.run(self.entry({"c": 2}, results), 0, known)
        self.assertEqual(other["metrics"], {"P@1": 2.0})
        self.assertEqual([r["settings"] for r in records.read(self.file)], [{"c": 1}, {"c": 2}])
        self.assertTrue(all(r["begun"] <= r["ended"] and r["judged"] == "test" for r in known))

    def test_trials_are_repeated_on_request(self):
        loader = importlib.machinery.SourceFileLoader("peers", str(here.parent / "peers"))
        peers = importlib.util.module_from_spec(importlib.util.spec_from_loader("peers", loader))
        loader.exec_module(peers)
        outcomes = [({"P@1": x, "P@5": x, "PSP@5": x, "macroF1@1": x}, {"train_cpu_seconds": x}) for x in (1.0, 2.0)]
        made = self.made()
        made.defaults = lambda: [self.entry({}, outcomes)]
        for is_again, points in ((False, [1.0]), (False, [1.0]), (True, [1.0, 2.0])):
            options = argparse.Namespace(records=self.file, repeats=1, tune=None, again=is_again)
            peers.run_stage(options, made, None)
            self.assertEqual([r["metrics"]["P@1"] for r in records.read(self.file)], points)

    def test_a_search_reads_held_out_documents_only(self):
        test, held = self.made(), self.made()
        held.judged = "held out"
        peer = next(p for p in contenders.PEERS if p.name == "sklearn")

        def peer_entry(peer, kind, settings, stage, search=None):
            points = 10.0 * settings["c"]
            return comparison.Entry(peer.name, peer.title, kind, settings, stage, lambda seed, output: (
                {"P@1": points, "nDCG@5": points}, {}), search)
        held.peer_entry = peer_entry
        entry = test.tune_peer(peer, "base", held, 1000, known := [])
        self.assertEqual((entry.settings, entry.features, entry.stage), ({"c": 10.0}, "base", "tuned"))
        self.assertEqual({(r["judged"], r["stage"]) for r in known}, {("held out", "trial")})
        self.assertEqual([r["settings"]["c"] for r in known], [1.0, 0.1, 0.3, 3.0, 10.0])
        self.assertEqual((entry.search["trials"], entry.search["score"]), (5, 100.0))
        # Another search takes the trials from the records, and their seconds count again.
        known[0]["wall_seconds"] = 2000
        self.assertEqual(test.tune_peer(peer, "base", held, 1000, known).search["trials"], 1)

    def test_a_failure_is_a_record(self):
        made = self.made()
        got = made.run(self.entry({}, [processes.Failure("not finished after 1 s")]), 0, [])
        self.assertEqual((got["failure"], got["metrics"]), ("not finished after 1 s", None))
        self.assertEqual(records.read(self.file)[0]["failure"], "not finished after 1 s")

    def test_no_cpu_time_is_derived_from_a_small_share_of_a_processor(self):
        self.assertEqual(comparison.prediction_cpu(2.0, 0.75, 1), {"predict_cpu_ms": 1.5})
        self.assertEqual(comparison.prediction_cpu(2.0, 1.2, 1), {"predict_cpu_ms": 2.0})
        self.assertEqual(comparison.prediction_cpu(2.0, 0.03, 1), {})

    def test_a_half_line_is_left_out_and_a_bad_one_named(self):
        records.append(self.file, {"a": 1})
        with open(self.file, "a") as f:
            f.write('{"a": 2')
        self.assertEqual(records.read(self.file), [{"a": 1}])
        records.append(self.file, {"a": 3})
        with self.assertRaisesRegex(SystemExit, "records.jsonl:2"):
            records.read(self.file)

    def test_a_changed_data_set_is_another(self):
        made = self.made()
        before = records.stamp(made.source)
        with open(made.source / "train.jsonl", "a") as f:
            f.write('{"id": "a", "labels": []}\n')
        self.assertNotEqual(records.stamp(made.source), before)


class Tuning(unittest.TestCase):
    GRID = (("features", ("rich",)), ("c", (0.3, 3.0)), ("beam", (30,)))

    def search(self, values, seconds=100):
        """values: function of settings to P@1, or None; every attempt takes a second."""
        left, tried = [seconds], []

        def attempt(settings):
            left[0] -= 1
            tried.append(settings)
            p = values(settings)
            return None if p is None else {"P@1": p, "nDCG@5": p}
        start = {"features": "base", "c": 1.0, "beam": 10}
        return (*tuning.search(start, self.GRID, attempt, lambda: left[0]), tried)

    def test_it_keeps_the_best_value_of_each_setting(self):
        points = {"rich": 2, 3.0: 4, 0.3: 1, 30: -1}
        best, score, attempts, _ = self.search(lambda s: sum(points.get(v, 0) for v in s.values()))
        self.assertEqual((best, score, attempts), ({"features": "rich", "c": 3.0, "beam": 10}, 6, 5))

    def test_it_stops_when_the_budget_is_over(self):
        best, _, attempts, tried = self.search(lambda s: float(s["c"]), seconds=2)
        self.assertEqual((attempts, len(tried)), (2, 2))
        self.assertEqual(best["c"], 1.0)

    def test_a_failed_attempt_is_worse_than_any_other(self):
        best, score, _, _ = self.search(lambda s: None if s["features"] == "base" else 5.0)
        self.assertEqual((best["features"], score), ("rich", 5.0))

    def test_grids_name_settings_that_drivers_know(self):
        for peer in contenders.PEERS:
            text = (here / peer.driver).read_text()
            for name, values in peer.grid:
                self.assertIsInstance(values, tuple)
                if name != "features":
                    self.assertIn(f'"{name}"', text, f"{peer.name}: {name}")


class Summary(unittest.TestCase):
    def rows(self):
        return [
            a_record(), a_record(seed=1, metrics={"P@1": 52.0}), a_record(seed=2, metrics={"P@1": 51.0}),
            a_record(system="decant", title="Decant", features="own", settings=[[]],
                     metrics={"P@1": 49.5, "PSP@5": 61.0},
                     costs={"train_cpu_seconds": 4.0, "model_bytes": 1e6})]

    def test_losses_are_listed_with_their_measure(self):
        text = summary.page(self.rows(), "")
        self.assertIn("| made | P@1 | 49.50 | 51.00 PECOS XR-Linear | -1.50 |", text)
        self.assertIn("| made | train CPU s | 4 | 2 PECOS XR-Linear | × 2 |", text)
        self.assertNotIn("| made | PSP@5 |", text)
        self.assertNotIn("| made | model MB |", text)
        self.assertIn("| PECOS XR-Linear | base | **51.00 (50.00–52.00)** |", text)
        self.assertIn("Not run: omikuji, Parabel;", text)
        self.assertIn("| made | 2 (1) |", text)

    def test_sets_far_below_another_program_are_named(self):
        text = summary.page(self.rows(), "")
        self.assertIn("| made | 49.50 | 51.00 PECOS XR-Linear | -1.50 |", text)
        self.assertIn("P@1 is more than 0.5 below the best other on made (-1.50).", text)
        rows = self.rows()
        rows[-1]["metrics"]["P@1"] = 50.5
        self.assertIn("P@1 is more than 0.5 below the best other on none.", summary.page(rows, ""))

    def test_what_tuning_changes_is_shown(self):
        self.assertNotIn("What tuning changes", summary.page(self.rows(), ""))
        tuned = [{**r, "stage": "tuned", "metrics": {**r["metrics"], "P@1": r["metrics"]["P@1"] + 2}}
                 for r in self.rows()]
        text = summary.page([*self.rows(), *tuned], "")
        self.assertIn("| made | 49.50 | 51.50 | +2.00 | 51.00 | 53.00 | +2.00 |", text)

    def test_the_load_of_the_machine_is_told(self):
        rows = self.rows()
        rows[0]["load"] = 7.2
        self.assertIn("load when a trial began 2 to 7.", summary.page(rows, ""))

    def test_a_program_far_behind_is_not_called_cheaper(self):
        rows = self.rows()
        for r in rows[:3]:
            r["metrics"]["P@1"] = 40.0
        self.assertNotIn("train CPU s | 4 ", summary.page(rows, ""))

    def test_failures_and_new_versions_are_told_apart(self):
        rows = [*self.rows(), a_record(program="v2", metrics={"P@1": 30.0}),
                a_record(system="sklearn", title="old", failure="not | finished", metrics=None, costs=None)]
        text = summary.page(rows, "")
        self.assertIn("| PECOS XR-Linear | base | 30.00 |", text)
        self.assertIn("failed: not / finished", text)

    def test_recall_of_a_hundred_needs_more_labels_than_that(self):
        self.assertNotIn("R@100 |", summary.page(self.rows(), "").split("### made")[1].split("##")[0])
        many = [{**r, "facts": {**r["facts"], "labels": 101}} for r in self.rows()]
        self.assertIn("R@100 |", summary.page(many, "").split("### made")[1].split("##")[0])

    def test_numbers_have_two_digits_that_count(self):
        self.assertEqual([summary.plain(x) for x in (0.00004, 0.0123, 1.0, 4.56, 123.4)],
                         ["0.00004", "0.012", "1", "4.6", "123"])

    def test_macro_cutoff_follows_the_labels_of_a_document(self):
        facts = a_record()["facts"]
        for pairs, name in ((100, "macroF1@1"), (250, "macroF1@3"), (900, "macroF1@5")):
            self.assertEqual(summary.macro_of({**facts, "pairs": {"train": pairs, "test": 1}}), name)

    def test_what_is_written_by_hand_is_kept(self):
        with tempfile.TemporaryDirectory() as scratch:
            page = pathlib.Path(scratch, "summary.md")
            summary.write(self.rows(), page)
            with open(page, "a") as f:
                f.write(f"\n{summary.NOTES}\n\nBecause.\n")
            before = page.read_text()
            summary.write(self.rows(), page)
            self.assertEqual(page.read_text(), before)


class Features(unittest.TestCase):
    def test_tf_idf_is_that_computed_by_hand(self):
        # "b" is in one training document of three and goes; the last row is of the test.
        x = features.tf_idf([["a", "a", "c"], ["a", "b"], ["c"], ["c", "z"]], 3)
        idf = math.log(4 / 3) + 1
        first = np.array([(1 + math.log(2)) * idf, idf])
        np.testing.assert_allclose(
            x.toarray(), [first / np.linalg.norm(first), [1, 0], [0, 1], [0, 1]], rtol=1e-6)

    def test_fields_and_what_is_made_of_them(self):
        parts = features.fields("g++-12: GNU C++ compiler\nThe body.")
        self.assertEqual(parts, (["g++", "12"], ["gnu", "c++", "compiler"], ["the", "body"]))
        made = features.rich(parts)
        for feature in ("gnu c++", "n_12", "s_gnu", "f_g++", "e_12", "body"):
            self.assertIn(feature, made)
        self.assertNotIn("compiler the", made)
        self.assertEqual(features.fields("no name here\nx")[0], [])

    def test_the_text_form_holds_the_matrix(self):
        with tempfile.TemporaryDirectory() as scratch:
            x = sp.csr_matrix(np.array([[0, 0.5, 0.25], [0, 0, 0]], np.float32))
            features.write_text(f"{scratch}/x", x, matrix([[1], [0, 2]], 3))
            with open(f"{scratch}/x") as f:
                self.assertEqual(f.read(), "2 3 3\n1 1:0.5 2:0.25\n0,2 \n")


class DataSets(unittest.TestCase):
    def test_arff_in_both_forms(self):
        with tempfile.TemporaryDirectory() as scratch:
            head = "@relation x\n@attribute 'a b' numeric\n@attribute c {0,1}\n" \
                   "@attribute d {red,green}\n@data\n"
            with lzma.open(f"{scratch}/x", "wt") as f:
                f.write(head + "{0 2.5,2 green}\n-1,1,red\n")
            attributes, rows = data_sets.arff(f"{scratch}/x")
        self.assertEqual([n for n, _ in attributes], ["a b", "c", "d"])
        self.assertEqual(rows, [{0: 2.5, 2: 1}, {0: -1.0, 1: 1.0}])

    def test_newsgroup_messages_without_line_feeds_are_read(self):
        with tempfile.TemporaryDirectory() as scratch:
            with tarfile.open(f"{scratch}/x.tar.xz", "w:xz") as tar:
                for name, message in (
                        ("d/20news-bydate-train/a.b/1", b"From: x\tSubject: Cars\t\tRed ones.\t"),
                        ("d/20news-bydate-test/a.b/2", b"Subject: Bikes\r\nFrom: y\r\n\r\nBlue.")):
                    member = tarfile.TarInfo(name)
                    member.size = len(message)
                    tar.addfile(member, io.BytesIO(message))
            data_sets.newsgroups(scratch, f"{scratch}/out")
            made = [r["text"] for r in folder.records(f"{scratch}/out", "documents")]
        self.assertEqual(made, ["Bikes\nBlue.", "Cars\nRed ones.\n"])

    def test_empty_texts_are_refused(self):
        with tempfile.TemporaryDirectory() as scratch, self.assertRaises(SystemExit):
            folder.write(scratch, "x", {"a": {"text": " \n"}}, {"1": {}},
                         {"train": [("a", ["1"])], "test": []}, "", "")

    def test_standardising_uses_train_alone(self):
        parts = {"train": [{0: 1.0, 1: 7.0}, {0: 3.0, 1: 7.0}], "test": [{0: 5.0, 1: 9.0}]}
        made = data_sets.standardised(parts, [0, 1])
        self.assertEqual(made, {"train": [{0: -1.0}, {0: 1.0}], "test": [{0: 3.0}]})

    def test_labels_that_train_does_not_have_are_dropped(self):
        with tempfile.TemporaryDirectory() as scratch:
            folder.write(
                scratch, "x", {i: {"text": i} for i in "abc"}, {x: {} for x in "12"},
                {"train": [("a", ["1", "1"])], "test": [("b", ["1", "2"]), ("c", ["2"])]}, "", "")
            self.assertEqual([r["id"] for r in folder.records(scratch, "labels")], ["1"])
            self.assertEqual(list(folder.records(scratch, "train")), [{"id": "a", "labels": ["1"]}])
            self.assertEqual(list(folder.records(scratch, "test")), [{"id": "b", "labels": ["1"]}])
            self.assertEqual([r["id"] for r in folder.records(scratch, "documents")], ["a", "b"])

    def test_a_holdout_never_shows_test(self):
        with tempfile.TemporaryDirectory() as scratch:
            ids = [f"{i}" for i in range(20)]
            folder.write(
                f"{scratch}/a", "x", {i: {"text": i} for i in [*ids, "t"]}, {"1": {}},
                {"train": [(i, ["1"]) for i in ids], "test": [("t", ["1"])]}, "", "")
            folder.holdout(f"{scratch}/a", f"{scratch}/b")
            held = [r["id"] for r in folder.records(f"{scratch}/b", "test")]
            left = [r["id"] for r in folder.records(f"{scratch}/b", "train")]
            self.assertEqual(held, ["9", "19"])
            self.assertEqual(sorted(held + left), sorted(ids))

    def test_a_few_documents_of_each_label(self):
        with tempfile.TemporaryDirectory() as scratch:
            ids = [f"{i}" for i in range(9)]
            folder.write(
                f"{scratch}/a", "x", {i: {"text": i} for i in [*ids, "t"]}, {x: {} for x in "01"},
                {"train": [(i, [str(int(i) % 2)]) for i in ids], "test": [("t", ["1"])]}, "", "")
            folder.few(f"{scratch}/a", f"{scratch}/b", 2)
            self.assertEqual([r["id"] for r in folder.records(f"{scratch}/b", "train")], ["0", "1", "2", "3"])
            self.assertEqual(len(list(folder.records(f"{scratch}/b", "test"))), 1)

    def test_marks_of_nominals_become_words(self):
        with tempfile.TemporaryDirectory() as scratch:
            for split in ("train", "test"):
                with lzma.open(f"{scratch}/{split}.tsv.xz", "wt") as f:
                    f.write("id\trelation\tsentence\n1\tOther\t\"A <e1>big cat</e1> and <e2>dog</e2>.\n")
            data_sets.semeval(scratch, f"{scratch}/out")
            made = [r["text"] for r in folder.records(f"{scratch}/out", "documents")]
        self.assertEqual(made[0], '"A e1 big cat and e2 dog.')


if __name__ == "__main__":
    unittest.main()
