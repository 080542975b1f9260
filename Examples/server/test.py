#!/usr/bin/env python3
"""Trains a small run, starts the built server on a free port of 127.0.0.1, asks it and stops it.

DECANT_PROGRAM is the built decant (.build/release/decant); Makefile's target examples builds both.
"""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
DECANT = os.environ.get("DECANT_PROGRAM", HERE.parents[1] / ".build/release/decant")
SERVER = HERE / ".build/debug/server"
TICKETS = {
    "printing": ["the printer is jammed", "the printer is empty", "no paper in the printer"],
    "network": ["no connection", "no connection here", "the network is slow"],
}


def setUpModule():
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    data, run = pathlib.Path(folder.name) / "tickets.jsonl", pathlib.Path(folder.name) / "run"
    data.write_text("".join(
        json.dumps({"text": text, "labels": [label]}) + "\n" for label, texts in TICKETS.items() for text in texts * 5))
    subprocess.run(
        [DECANT, "train", data, "--output", run, "--threads", "1", "--defaults", "1", "--quiet"], check=True)
    server = subprocess.Popen([SERVER, run, "0"], stdout=subprocess.PIPE, text=True)
    unittest.addModuleCleanup(stop, server)
    Server.url = server.stdout.readline().strip()


def stop(server):
    server.terminate()
    code = server.wait(timeout=30)
    server.stdout.close()
    assert code == 0, f"the server ended with {code}"


def ask(body):
    """The status and the answer to a request with this body."""
    request = urllib.request.Request(Server.url, body.encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


class Server(unittest.TestCase):
    url = ""

    def test_answers_with_labels(self):
        status, answer = ask('{"text": "the printer makes a noise", "k": 1}')
        self.assertEqual(status, 200)
        self.assertEqual([label["id"] for label in answer["labels"]], ["printing"])
        self.assertEqual(ask('{"text": "qwertz"}')[1], {"labels": []})

    def test_answers_many_at_once_alike(self):
        questions = [json.dumps({"text": text}) for texts in TICKETS.values() for text in texts] * 20
        expected = [ask(question) for question in questions[:6]] * 20
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual(list(pool.map(ask, questions)), expected)

    def test_refuses_what_it_cannot_read(self):
        for body in ('{"text": 1}', "[", '{"text": "printer", "k": 0}', '{"text": "printer", "k": 1000000}'):
            self.assertEqual(ask(body)[0], 400, body)

    def test_says_what_is_wrong_with_a_run(self):
        outcome = subprocess.run([SERVER, HERE / "none", "0"], capture_output=True, text=True, check=False)
        self.assertEqual(outcome.returncode, 1)
        self.assertIn("none", outcome.stderr)


if __name__ == "__main__":
    unittest.main()
