#!/usr/bin/env python3
"""Tests Scripts/links in a small repository."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parent


class Links(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for name in ("Scripts", "Documentation", "Benchmarks/results"):
            (self.root / name).mkdir(parents=True)
        shutil.copy(SCRIPTS / "links", self.root / "Scripts")
        subprocess.run(["git", "init", "-q"], cwd=self.root, check=True)

    def problems(self, text, page="README.md"):
        (self.root / page).write_text(text, encoding="utf-8")
        done = subprocess.run(
            [str(self.root / "Scripts/links")], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1 if done.stderr else 0, done.stderr)
        return done.stderr.splitlines()

    def test_accepts_files_headings_and_addresses(self):
        (self.root / "Documentation/A.md").write_text("## The `one` thing\n", encoding="utf-8")
        self.assertEqual(self.problems(
            "# Top\n[a](Documentation/A.md#the-one-thing) [top](#top) [web](https://example.org/x)\n"
            "`Scripts/links` `Scripts/l*` `decant train` `runs/tags`\n"
            "```sh\ncat Scripts/none [x](none.md)\n```\n"), [])

    def test_reports_missing_files_with_their_line(self):
        self.assertEqual(
            self.problems("\n[a](Documentation/B.md) and `Scripts/none`\n"),
            ["README.md:2: Documentation/B.md does not exist",
             "README.md:2: Scripts/none does not exist"])

    def test_reports_missing_headings(self):
        (self.root / "Documentation/A.md").write_text("# One\n", encoding="utf-8")
        self.assertEqual(
            self.problems("[a](Documentation/A.md#two) [b](#none)\n"),
            ["README.md:1: Documentation/A.md has no heading #two",
             "README.md:1: README.md has no heading #none"])

    def test_reports_patterns_without_a_file(self):
        self.assertEqual(
            self.problems("`Scripts/x*`\n"), ["README.md:1: Scripts/x* matches no file"])

    def test_records_may_name_files_of_their_time(self):
        self.assertEqual(self.problems("`Scripts/old`\n", "Benchmarks/results/a.md"), [])


if __name__ == "__main__":
    unittest.main()
