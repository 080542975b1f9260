#!/usr/bin/env python3
"""Tests Scripts/version on an invented source and changelog."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parent / "version"


class Version(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "Scripts").mkdir()
        (self.root / "Sources/Models/Runs").mkdir(parents=True)
        shutil.copy(SCRIPT, self.root / "Scripts")

    def run_with(self, source, top, *arguments):
        (self.root / "Sources/Models/Runs/DecantVersion.swift").write_text(
            f'  public static let current = "{source}"\n', encoding="utf-8")
        (self.root / "CHANGELOG.md").write_text(
            f"# Changelog\n\n## {top}\n\n## 0.0.9, 1 May 2026\n", encoding="utf-8")
        return subprocess.run(
            [self.root / "Scripts/version", *arguments], capture_output=True, text=True, check=False)

    def test_prints_the_version(self):
        self.assertEqual(self.run_with("1.2.3", "1.2.3, unreleased").stdout, "1.2.3\n")

    def test_compares_it_with_the_changelog(self):
        self.assertEqual(self.run_with("1.2.3", "1.2.3, unreleased", "--check").returncode, 0)
        other = self.run_with("1.2.4", "1.2.3, unreleased", "--check")
        self.assertEqual(other.returncode, 1)
        self.assertIn("the source is 1.2.4", other.stderr)

    def test_a_release_has_a_date(self):
        self.assertEqual(self.run_with("1.2.3", "1.2.3, 2 June 2026", "--release").returncode, 0)
        other = self.run_with("1.2.3", "1.2.3, unreleased", "--release")
        self.assertEqual(other.returncode, 1)
        self.assertIn("write its date", other.stderr)
        self.assertEqual(self.run_with("1.2.3", "1.2.3, 2 June 2026", "--relase").returncode, 1)


if __name__ == "__main__":
    unittest.main()
