#!/usr/bin/env python3
"""Tests Scripts/prose on a small repository: bad sentences are found, good ones are not."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parent
FOUND = {
    "a.swift": [
        "/// What the closure returns.", "/// Takes the arrays as they are.", "let a = 0  // is what it was",
        "/// - Throws: what the closure throws.", 'fail("\\(count) bytes are no file")',
        "@Test func `keeps a folder beside the model`() {}", "/// Rows with an index of", "/// their own."],
    "b.md": ["The file lies behind the header.", "Whoever asks, waits.", "It comes to nothing."],
    "c.sh": ["# Texts are to be encoded; who trains, waits.", 'say "whether it works or not"'],
}
PASSED = {
    "d.swift": [
        "/// Says what is wrong and what to do.", "/// There is no file, or it is no longer there.",
        "func add(beside: Int, behind: Int) {}", "/// Whether the file exists.", "/// The users who train."],
    "e.md": ["## What it does", "What does it do?", "Put it behind a proxy."],
}


class Prose(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "Scripts").mkdir()
        shutil.copy(SCRIPTS / "prose", self.root / "Scripts")
        self.allow("")
        subprocess.run(["git", "init", "--quiet"], cwd=self.root, check=True)

    def allow(self, text):
        (self.root / "Scripts/prose-allowed.txt").write_text(text, encoding="utf-8")

    def run_script(self, files, *arguments):
        for name, lines in files.items():
            (self.root / name).write_text("\n\n".join(lines) + "\n", encoding="utf-8")
        subprocess.run(["git", "add", "."], cwd=self.root, check=True)
        return subprocess.run(
            [str(self.root / "Scripts/prose"), *arguments], capture_output=True, text=True,
            check=False)

    def test_finds_each_bad_line(self):
        done = self.run_script(FOUND, "--check")
        self.assertEqual(done.returncode, 1)
        places = [":".join(row.split(":")[:2]) for row in done.stdout.splitlines()]
        # The lines of a file are two apart; a.swift's last phrase would run over two paragraphs.
        expected = [f"a.swift:{1 + 2 * i}" for i in range(6)]
        expected += [f"b.md:{1 + 2 * i}" for i in range(3)] + ["c.sh:1", "c.sh:1", "c.sh:3"]
        self.assertEqual(sorted(places), sorted(expected))

    def test_finds_phrases_over_two_lines(self):
        done = self.run_script({"f.swift": ["/// Rows with an index of\n/// their own."]}, "--check")
        self.assertIn("f.swift:1: of their own: ", done.stdout)

    def test_passes_good_lines(self):
        done = self.run_script(PASSED, "--check")
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_skips_recorded_strings(self):
        folder = self.root / "Experiments/Sources/Experiments"
        folder.mkdir(parents=True)
        name = "Experiments/Sources/Experiments/i.swift"
        done = self.run_script({name: ['let claim = "better \\"beside\\" a head of its own"', "// Of its own."]}, "--check")
        self.assertEqual([row.split(":")[1] for row in done.stdout.splitlines()], ["3"])

    def test_allows_listed_exceptions(self):
        self.allow("b.md: Whoever # a quotation\n")
        done = self.run_script({"b.md": ["Whoever asks, waits."], "g.md": ["Whoever asks, waits."]}, "--check")
        self.assertEqual([row.split(":")[0] for row in done.stdout.splitlines()], ["g.md"])

    def test_counts_by_folder(self):
        (self.root / "Sources").mkdir()
        done = self.run_script({"Sources/h.md": ["Whoever asks, waits."]})
        self.assertEqual((done.returncode, done.stdout.split()), (0, ["1", "Sources"]))


if __name__ == "__main__":
    unittest.main()
