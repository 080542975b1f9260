#!/usr/bin/env python3
"""Tests Scripts/packages with fake apt-get, sudo and id, and checks the list itself."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parent
LIST = SCRIPTS / "debian-packages.txt"


class Packages(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "Scripts").mkdir()
        (self.root / "bin").mkdir()
        shutil.copy(SCRIPTS / "packages", self.root / "Scripts")
        # The PATH holds nothing else.
        for name in ("bash", "dirname", "env", "sed"):
            (self.root / "bin" / name).symlink_to(shutil.which(name))
        self.program("id", "echo 1000")
        self.program("sudo", "exit 1")
        self.program("apt-get", 'echo "$@" >>"$LOG"')
        self.write("first example program:here", "second example program:away", "third test program:gone  # why")
        self.program("here", "")

    def program(self, name, text):
        target = self.root / "bin" / name
        target.write_text(f"#!{shutil.which('bash')}\n{text}\n", encoding="utf-8")
        target.chmod(0o755)

    def write(self, *lines):
        text = "# The list.\n\n" + "\n".join(lines) + "\n"
        (self.root / "Scripts/debian-packages.txt").write_text(text, encoding="utf-8")

    def run_here(self, *purposes, path=None):
        log = self.root / "log"
        log.write_text("", encoding="utf-8")
        done = subprocess.run(
            [str(self.root / "Scripts/packages"), *purposes], capture_output=True, text=True, check=False,
            env={"PATH": path or str(self.root / "bin"), "LOG": str(log)})
        return done.returncode, done.stderr, log.read_text(encoding="utf-8").splitlines()

    def test_says_the_line_to_type(self):
        code, said, called = self.run_here("example", "test")
        self.assertEqual(code, 1)
        self.assertEqual(said, "packages: missing packages; install them: sudo apt-get install second third\n")
        self.assertEqual(called, [])

    def test_root_installs_what_the_purpose_lacks(self):
        self.program("id", "echo 0")
        code, said, called = self.run_here("example")
        self.assertEqual(code, 0, said)
        self.assertEqual(called, ["update -qq", "install -y -qq --no-install-recommends second"])

    def test_sudo_without_a_password_installs(self):
        self.program("sudo", '[ "$1" = -n ] && shift; [ "$1" = true ] || echo sudo >>"$LOG"; exec "$@"')
        (self.root / "bin/true").symlink_to(shutil.which("true"))
        code, said, called = self.run_here("test")
        self.assertEqual(code, 0, said)
        self.assertEqual(
            called, ["sudo", "update -qq", "sudo", "install -y -qq --no-install-recommends third"])

    def test_stale_lists_are_tried(self):
        self.program("id", "echo 0")
        self.program("apt-get", '[ "$1" = install ]')
        code, said, _ = self.run_here("test")
        self.assertEqual(code, 0)
        self.assertIn("apt-get update failed", said)

    def test_what_apt_get_refuses_is_said(self):
        self.program("id", "echo 0")
        self.program("apt-get", '[ "$1" = update ]')
        code, said, _ = self.run_here("test")
        self.assertEqual(code, 1)
        self.assertIn("sudo apt-get install third", said)

    def test_without_apt_get_the_names_are_said(self):
        (self.root / "bin/apt-get").unlink()
        code, said, _ = self.run_here("test")
        self.assertEqual(code, 1)
        self.assertIn("third", said)
        self.assertNotIn("apt-get", said)

    def test_nothing_is_said_where_all_is_there(self):
        self.write("first example program:here")
        self.assertEqual(self.run_here("example"), (0, "", []))

    def test_purposes_have_to_exist(self):
        for purposes in ((), ("exmple",)):
            code, said, _ = self.run_here(*purposes)
            self.assertEqual(code, 1)
            self.assertIn("purpose", said)

    @unittest.skipUnless(shutil.which("g++"), "there is no g++")
    def test_headers_and_modules_are_looked_for(self):
        self.write(
            "a test header:stdio.h", "b test header:none.h", "c test compiles:vector",
            "d test compiles:none", "e test module:pip", "f test module:none_such",
            "g test swift:libhere.so.1", "h test swift:libnone.so.6")
        self.program("swift-build", "")
        self.program("ldd", 'echo "libhere.so.1 => /lib/libhere.so.1"; echo "libnone.so.6 => not found"')
        code, said, _ = self.run_here("test", path=f"{self.root}/bin:{os.environ['PATH']}")
        self.assertEqual(code, 1)
        self.assertIn("apt-get install b d f h\n", said)

    def test_each_line_of_the_list_can_be_read(self):
        rows = [line.split() for line in LIST.read_text(encoding="utf-8").splitlines()
                if line and not line.startswith("#")]
        self.assertGreater(len(rows), 5)
        for row in rows:
            self.assertEqual(len(row), 3, row)
            self.assertIn(row[1], ("example", "service", "test"))
            self.assertIn(row[2].split(":")[0], ("compiles", "header", "module", "program", "swift"))


unittest.main()
