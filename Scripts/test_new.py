#!/usr/bin/env python3
"""Tests Scripts/new in a copy of the scripts: its files, its refusals, and that Scripts/index does
not pass before the blanks are filled."""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parent


class New(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "Scripts").mkdir()
        for name in ("new", "index"):
            shutil.copy(SCRIPTS / name, self.root / "Scripts")

    def run_script(self, *arguments):
        return subprocess.run(
            [str(self.root / "Scripts" / arguments[0]), *arguments[1:]], capture_output=True,
            text=True, check=False)

    def test_writes_three_files(self):
        done = self.run_script("new", "loss", "TwoWordNCELoss")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.split(), [
            "Sources/Learning/Extreme/Losses/TwoWordNCELoss.swift",
            "Tests/ExtremeTests/Losses/TwoWordNCELossTests.swift",
            "Scripts/goldens/two_word_nce.py"])
        tests = (self.root / done.stdout.split()[1]).read_text(encoding="utf-8")
        # Each check fails by itself.
        self.assertEqual(tests.count("@Test"), 4)
        self.assertEqual(tests.count("Issue.record("), 4)
        self.assertIn("a row in Tests/ExtremeTests/LabelLossTable.swift", tests)

    def test_every_table_exists(self):
        for kind in ("loss", "pairs", "prototypes", "views", "negatives", "prediction", "noise"):
            path = self.run_script("new", kind, f"Example{kind.title()}").stdout.split()[1]
            tests = (self.root / path).read_text(encoding="utf-8")
            table = re.search(r"a row in (Tests/\S+\.swift)", tests).group(1)
            self.assertTrue((SCRIPTS.parent / table).exists(), table)

    def test_a_measure_has_no_gradient(self):
        done = self.run_script("new", "measure", "Hubness")
        self.assertEqual(done.returncode, 0, done.stderr)
        text = "".join(
            (self.root / path).read_text(encoding="utf-8") for path in done.stdout.split())
        self.assertIn("Tests/EvaluationTests/Goldens/Hubness.json", text)
        self.assertNotIn("radient", text)

    def test_what_is_written_keeps_to_the_format(self):
        if not shutil.which("swift"):
            self.skipTest("no swift here")
        for kind, name in (("pairs", "ExampleLoss"), ("measure", "ExampleScore")):
            self.run_script("new", kind, name)
        shutil.copy(SCRIPTS.parent / ".swift-format", self.root)
        done = subprocess.run(
            ["swift", "format", "lint", "--strict", "-r", "Sources", "Tests"], cwd=self.root,
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_index_waits_for_the_blanks(self):
        method, _, script = self.run_script("new", "loss", "ExampleLoss").stdout.split()
        self.assertEqual(self.run_script("index").returncode, 1)
        done = self.run_script("index", "--check")
        self.assertEqual(done.returncode, 1)
        self.assertIn("lacks Paper, Gradient, Units, Departures, Inputs", done.stderr)
        self.assertIn("has no golden", done.stderr)
        path = self.root / method
        text = path.read_text(encoding="utf-8")
        for item in ("Paper", "Gradient", "Units", "Departures"):
            text = text.replace(f"- {item}:\n", f"- {item}: filled in.\n")
        text = text.replace("- Inputs:\n", "- Inputs: label sets, sets of labels\n")
        path.write_text(text, encoding="utf-8")
        golden = self.root / "Tests/ExtremeTests/Goldens/ExampleLoss.json"
        golden.parent.mkdir()
        golden.write_text(json.dumps({"script": script}), encoding="utf-8")
        unknown = self.run_script("index")
        self.assertEqual(unknown.returncode, 1)
        self.assertIn("the inputs sets of labels of ExampleLoss are not known", unknown.stderr)
        path.write_text(text.replace(", sets of labels", ", class labels"), encoding="utf-8")
        self.assertEqual(self.run_script("index").returncode, 0)
        self.assertEqual(self.run_script("index", "--check").returncode, 0)
        page = (self.root / "Documentation/METHODS.md").read_text(encoding="utf-8")
        self.assertIn("## Which loss for my data?", page)
        self.assertIn("formula checked, no experiment", page)
        self.verdict_of_an_experiment()

    def verdict_of_an_experiment(self):
        (self.root / "Experiments").mkdir()
        trials = self.root / "Experiments/methods.json"
        trials.write_text('{"a-claim": ["ExampleLoss"]}', encoding="utf-8")
        self.assertIn("a-claim has no verdict", self.run_script("index").stderr)
        (self.root / "Documentation/EXPERIMENTS.md").write_text(
            "| [a-claim](#a-claim) | It is | better. | holds in part (stale) |\n"
            "| [another](#another) | It is faster. | undecided |\n", encoding="utf-8")
        self.assertIn("lacks the experiment another", self.run_script("index").stderr)
        trials.write_text('{"a-claim": ["ExampleLoss"], "another": ["OtherLoss"]}', encoding="utf-8")
        self.assertIn("OtherLoss of another is not a method", self.run_script("index").stderr)
        trials.write_text('{"a-claim": ["ExampleLoss"], "another": []}', encoding="utf-8")
        self.assertEqual(self.run_script("index").returncode, 0)
        page = (self.root / "Documentation/METHODS.md").read_text(encoding="utf-8")
        self.assertIn("[in part](EXPERIMENTS.md#a-claim) (stale)", page)

    def test_the_golden_script_waits_for_cases(self):
        script = self.root / self.run_script("new", "loss", "ExampleLoss").stdout.split()[2]
        text = script.read_text(encoding="utf-8")
        compile(text, str(script), "exec")
        self.assertIn("has no cases yet", text)

    def test_refuses_names_that_are_taken_or_none(self):
        self.run_script("new", "loss", "ExampleLoss")
        before = (self.root / "Sources/Learning/Extreme/Losses/ExampleLoss.swift").read_bytes()
        again = self.run_script("new", "pairs", "ExampleLoss")
        self.assertEqual(again.returncode, 1)
        self.assertIn("Sources/Learning/Extreme/Losses/ExampleLoss.swift already", again.stderr)
        self.assertFalse((self.root / "Sources/Learning/Contrastive/Pairs").exists())
        self.assertEqual(
            (self.root / "Sources/Learning/Extreme/Losses/ExampleLoss.swift").read_bytes(), before)
        self.assertEqual(self.run_script("new", "loss", "no-name").returncode, 2)
        self.assertEqual(self.run_script("new", "dance", "ExampleLoss").returncode, 2)

    def test_help_says_what_it_does(self):
        done = self.run_script("new", "--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("Scripts/new loss AngularLoss", done.stdout)


if __name__ == "__main__":
    unittest.main()
