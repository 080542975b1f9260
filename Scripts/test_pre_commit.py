#!/usr/bin/env python3
"""Tests Scripts/install-hook and Scripts/pre-commit in small repositories, with a swift that only
looks for the word "ugly" instead of formatting."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parent


class PreCommit(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.root = self.folder / "a clone"
        (self.root / "Scripts").mkdir(parents=True)
        for name in ("format", "pre-commit", "install-hook"):
            shutil.copy(SCRIPTS / name, self.root / "Scripts")
        self.program("a clone/Scripts/index", "! grep -q wrong index.txt")
        self.program("bin/swift", """
            for file; do
              case $file in *.swift) [ -f "$file" ] && ! grep -q ugly "$file" || exit 1 ;; esac
            done""")
        self.write("index.txt", "right")
        self.write("Good.swift", "pretty")
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}", "HOME": str(self.folder),
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
        for role in ("AUTHOR", "COMMITTER"):
            self.environment |= {f"GIT_{role}_NAME": "A", f"GIT_{role}_EMAIL": "a@example.org"}

    def program(self, path, text):
        target = self.folder / path
        target.parent.mkdir(exist_ok=True)
        target.write_text(f"#!/bin/bash\n{text}\n", encoding="utf-8")
        target.chmod(0o755)

    def write(self, name, text):
        (self.root / name).write_text(text + "\n", encoding="utf-8")

    def run_here(self, *command, cwd=None):
        return subprocess.run(
            command, cwd=cwd or self.root, env=self.environment, capture_output=True, text=True,
            check=False)

    def git(self, *arguments, cwd=None):
        done = self.run_here("git", *arguments, cwd=cwd)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def install(self):
        done = self.run_here("Scripts/install-hook")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def clone(self):
        """The repository, with its first commit made and the hook installed."""
        self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-qm", "First")
        self.install()

    def commits(self):
        return int(self.git("rev-list", "--count", "HEAD"))

    def test_a_change_in_order_is_committed(self):
        self.clone()
        self.write("Good.swift", "prettier")
        self.git("commit", "-qam", "Second")
        self.assertEqual(self.commits(), 2)

    def test_an_unformatted_file_is_refused(self):
        self.clone()
        self.write("Good.swift", "ugly")
        done = self.run_here("git", "commit", "-qam", "Second")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("make format", done.stderr)
        self.assertEqual(self.commits(), 1)

    def test_the_staged_text_counts(self):
        self.clone()
        self.write("Good.swift", "ugly")
        self.git("add", "-A")
        self.write("Good.swift", "pretty")
        self.assertNotEqual(self.run_here("git", "commit", "-qm", "Second").returncode, 0)
        self.git("add", "-A")
        self.write("Other.swift", "pretty")
        self.git("add", "-A")
        self.write("Other.swift", "ugly, but not yet staged")
        self.git("commit", "-qm", "Second")
        self.assertEqual(self.commits(), 2)

    def test_a_wrong_index_is_refused(self):
        self.clone()
        self.write("index.txt", "wrong")
        done = self.run_here("git", "commit", "-qam", "Second")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("run Scripts/index", done.stderr)

    def test_a_deleted_file_is_not_looked_at(self):
        self.clone()
        self.git("rm", "-q", "Good.swift")
        self.git("commit", "-qm", "Second")
        self.assertEqual(self.commits(), 2)

    def test_a_revision_without_the_script_commits(self):
        self.clone()
        self.git("rm", "-q", "Scripts/pre-commit")
        self.write("Good.swift", "ugly")
        self.git("commit", "-qam", "Second")
        self.assertEqual(self.commits(), 2)

    def test_a_second_time_says_nothing(self):
        self.clone()
        self.assertEqual(self.install(), "")

    def test_a_hook_of_somebody_stays(self):
        self.git("init", "-q")
        hook = self.root / ".git/hooks/pre-commit"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
        self.assertIn("kept your", self.install())
        self.assertEqual(hook.read_text(encoding="utf-8"), "#!/bin/sh\nexit 0\n")

    def test_hooks_of_many_repositories_stay(self):
        self.git("init", "-q")
        shared = self.folder / "shared hooks"
        shared.mkdir()
        self.git("config", "core.hooksPath", str(shared))
        self.assertIn("shared hooks", self.install())
        self.assertEqual(list(shared.iterdir()), [])
        self.assertFalse((self.root / ".git/hooks/pre-commit").exists())

    def test_a_linked_work_tree_has_the_same_hook(self):
        self.clone()
        self.git("worktree", "add", "-q", str(self.folder / "linked"))
        (self.folder / "linked/Good.swift").write_text("ugly\n", encoding="utf-8")
        done = self.run_here("git", "commit", "-qam", "Second", cwd=self.folder / "linked")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("make format", done.stderr)

    def test_nothing_happens_outside_a_clone(self):
        self.assertEqual(self.install(), "")
        self.git("init", "-q", cwd=self.folder)
        self.assertEqual(self.install(), "")
        self.assertFalse((self.folder / ".git/hooks/pre-commit").exists())


unittest.main()
