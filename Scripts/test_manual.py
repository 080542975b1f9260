#!/usr/bin/env python3
"""Tests Scripts/manual on an invented program, and its list of variables on the sources."""
import json
import pathlib
import re
import subprocess
import tempfile
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parent


def option(name, **more):
    return {
        "kind": "option", "isOptional": True, "valueName": name, "abstract": "A setting.",
        "names": [{"kind": "long", "name": name}], **more,
    }


PROGRAM = {"command": {
    "commandName": "tool", "abstract": "A tool.",
    "subcommands": [{
        "commandName": "serve", "abstract": "Serve.", "discussion": "… of texts.\n\nExamples:\n  tool serve a-b",
        "arguments": [
            {"kind": "positional", "isOptional": False, "isRepeating": True, "valueName": "run", "abstract": "Runs."},
            option("port", defaultValue="8080"),
            option("format", defaultValue="text", allValues=["text", "json"]),
            option("store", abstract="A file (default: none)."),
            option("bare", abstract=None),
        ],
    }],
}}


class Manual(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / "tool"
            program.write_text(
                f"#!/bin/sh\nif [ $1 = --version ]; then echo 1.2.3; else cat <<'END'\n{json.dumps(PROGRAM)}\nEND\nfi\n")
            program.chmod(0o755)
            cls.page = subprocess.run(
                [SCRIPTS / "manual", program], capture_output=True, text=True, check=True).stdout

    def entry(self, name):
        return self.page.split(f"\\fB\\-\\-{name}\\fR \\fI{name}\\fR\n")[1].split("\n")[0]

    def test_options_have_their_values_and_defaults(self):
        self.assertEqual(self.entry("port"), "A setting. (default: 8080)")
        self.assertEqual(self.entry("format"), "A setting. (values: text, json; default: text)")
        self.assertEqual(self.entry("store"), "A file (default: none).")
        self.assertEqual(self.entry("bare"), "\\&")

    def test_the_synopsis_shows_what_repeats(self):
        self.assertIn(".B tool serve\n\\fIrun\\fR...\n[\\fIoptions\\fR]\n", self.page)

    def test_an_ellipsis_is_three_dots(self):
        self.assertIn("\n\\&... of texts.\n", self.page)

    def test_examples_keep_their_lines(self):
        self.assertIn(".EX\n  tool serve a\\-b\n.EE\n", self.page)

    def test_every_variable_that_the_sources_read_is_listed(self):
        read = set()
        for folder in ("Sources", "Service/Sources"):
            for path in (SCRIPTS.parent / folder).rglob("*"):
                if path.suffix in (".swift", ".c"):
                    text = path.read_text(encoding="utf-8")
                    read |= set(re.findall(r'environment\["([A-Z_]+)"\]|"(DECANT_[A-Z_]+)"', text))
        names = {first or second for first, second in read} - {"PATH", "LC_ALL"}
        self.assertGreater(len(names), 6)
        for name in names:
            self.assertIn(f"\\fB{name}\\fR\n", self.page)


if __name__ == "__main__":
    unittest.main()
