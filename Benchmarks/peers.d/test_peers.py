"""Tests of the comparison itself: Benchmarks/peers --self-test."""
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

import data_sets
import features
import folder
import judge
import trial

here = pathlib.Path(__file__).parent


def matrix(rows, width):
    y = sp.lil_matrix((len(rows), width), dtype=np.float32)
    for i, row in enumerate(rows):
        for j in row:
            y[i, j] = 1
    return y.tocsr()


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
        for name, value in judged.items():
            self.assertAlmostEqual(value, own[name], places=6, msg=name)


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


if __name__ == "__main__":
    unittest.main()
