#!/usr/bin/env python3
"""Tests decant serve with the official Python clients of the interfaces that it has.

Scripts/clients installs the clients and sets DECANT_PROGRAM. Two small runs are trained and served; the
answers are compared with those of decant itself.
"""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import annif_client
import huggingface_hub
import huggingface_hub.errors
import numpy
import openai

DECANT = os.environ["DECANT_PROGRAM"]
TOKEN = "secret"
TOPICS = {
    "http://example.org/music": ["violin", "melody", "orchestra", "rhythm"],
    "http://example.org/cooking": ["recipe", "oven", "flour", "butter"],
    "http://example.org/sailing": ["harbour", "mast", "anchor", "rudder"],
}
MUSIC, COOKING, SAILING = TOPICS
TEXTS = ["violin melody", "butter and flour", "the anchor in the harbour"]


def decant(*arguments):
    return subprocess.run([DECANT, *arguments], check=True, capture_output=True, text=True).stdout


def documents():
    for index in range(90):
        topic = list(TOPICS)[index % 3]
        words = TOPICS[topic]
        yield {"text": " ".join(words[(index // 3 + i) % 4] for i in range(3)), "labels": [topic]}


class Service:
    """The running service, for all tests of this module."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)
        data = self.root / "data.jsonl"
        data.write_text("".join(json.dumps(document) + "\n" for document in documents()))
        for name, dimension in (("topics", "16"), ("small", "8")):
            decant("train", str(data), "--output", str(self.root / name), "--dimension", dimension, "--threads", "1",
                   "--batch-size", "16", "--epochs", "20", "--quiet")
        self.messages = (self.root / "log").open("w")
        self.process = subprocess.Popen(
            [DECANT, "serve", str(self.root / "topics"), f"other={self.root / 'small'}", "--port", "0",
             "--log-format", "json", "--log-level", "debug"],
            stdout=subprocess.PIPE, stderr=self.messages, text=True,
            env=os.environ | {"DECANT_TOKEN": TOKEN})
        found = re.search(r"http://[^ ]*:\d+", self.process.stdout.readline())
        assert found, self.log()
        self.url = found[0]

    def log(self):
        return (self.root / "log").read_text()

    def stop(self):
        self.process.terminate()
        code = self.process.wait(timeout=30)
        self.process.stdout.close()
        self.messages.close()
        assert code == 0, self.log()
        self.folder.cleanup()


def setUpModule():
    Clients.service = Service()
    unittest.addModuleCleanup(Clients.service.stop)


class Clients(unittest.TestCase):
    service = None

    @property
    def url(self):
        return self.service.url

    def embeddings(self, run, texts):
        """The embeddings by decant embed, of length 1."""
        path = self.service.root / "embeddings.npy"
        decant("embed", str(self.service.root / run), "--output", str(path), *texts)
        rows = numpy.load(path)
        return rows / numpy.linalg.norm(rows, axis=1, keepdims=True)

    def expect_close(self, found, wanted):
        numpy.testing.assert_allclose(numpy.array(found), numpy.array(wanted), atol=1e-5)


class OpenAI(Clients):
    def setUp(self):
        self.client = openai.OpenAI(base_url=self.url + "/v1", api_key=TOKEN, max_retries=0)
        self.addCleanup(self.client.close)

    def test_embeddings(self):
        for run, name in (("topics", "topics"), ("small", "other")):
            # The client asks for base64 unless told otherwise.
            for more in ({}, {"encoding_format": "float"}):
                answer = self.client.embeddings.create(model=name, input=TEXTS, **more)
                self.expect_close([e.embedding for e in answer.data], self.embeddings(run, TEXTS))
                self.assertEqual(answer.model, name)
                self.assertEqual(answer.usage.prompt_tokens, 10)

    def test_dimensions(self):
        whole = self.embeddings("topics", TEXTS[:1])[0][:4]
        answer = self.client.embeddings.create(model="topics", input=TEXTS[0], dimensions=4)
        self.expect_close(answer.data[0].embedding, whole / numpy.linalg.norm(whole))

    def test_models(self):
        self.assertEqual([model.id for model in self.client.models.list()], ["topics", "other"])
        self.assertEqual(self.client.models.retrieve("other").object, "model")

    def test_errors(self):
        with self.assertRaises(openai.NotFoundError) as caught:
            self.client.embeddings.create(model="none", input="a")
        self.assertEqual((caught.exception.code, caught.exception.param), ("model_not_found", "model"))
        with self.assertRaises(openai.BadRequestError) as caught:
            self.client.embeddings.create(model="topics", input=[[1, 2]])
        self.assertEqual(caught.exception.param, "input")
        self.assertIn("token ids", caught.exception.message)
        stranger = openai.OpenAI(base_url=self.url + "/v1", api_key="wrong", max_retries=0)
        self.addCleanup(stranger.close)
        with self.assertRaises(openai.AuthenticationError):
            stranger.models.list()


class Annif(Clients):
    def setUp(self):
        self.client = annif_client.AnnifClient(self.url + "/v1/")
        # The client has no setting for a token; its headers carry it.
        self.client._headers["Authorization"] = f"Bearer {TOKEN}"

    def test_projects(self):
        self.assertIn("Annif", self.client.api_info["title"])
        self.assertEqual([project["project_id"] for project in self.client.projects], ["topics", "other"])
        project = self.client.get_project("topics")
        self.assertEqual((project["name"], project["vocab"]["size"]), ("topics", 3))
        with self.assertRaisesRegex(ValueError, "'none' not found"):
            self.client.get_project("none")

    def test_suggest(self):
        found = self.client.suggest("topics", "violin and orchestra", limit=2)
        self.assertEqual((len(found), found[0]["uri"]), (2, MUSIC))
        self.assertTrue(all(0 <= subject["score"] <= 1 for subject in found))
        best = self.client.suggest("topics", "violin and orchestra", threshold=found[0]["score"])
        self.assertEqual([subject["uri"] for subject in best], [MUSIC])

    def test_suggest_batch(self):
        batch = [{"text": text, "document_id": str(number)} for number, text in enumerate(TEXTS)]
        for project in ("topics", "other"):
            found = self.client.suggest_batch(project, batch, limit=1)
            self.assertEqual(
                [(document["document_id"], document["results"][0]["uri"]) for document in found],
                [("0", MUSIC), ("1", COOKING), ("2", SAILING)])

    def test_learn(self):
        self.client.learn("other", [{"text": "bread", "subjects": [{"uri": COOKING, "label": "cooking"}]}])
        answer = annif_client.requests.get(
            self.url + "/v1/runs/other/feedback", headers=self.client._headers, timeout=10)
        self.assertEqual(answer.json(), {"text": "bread", "labels": [COOKING], "rejected": []})


class HuggingFace(Clients):
    def client(self, path):
        return huggingface_hub.InferenceClient(self.url + path, token=TOKEN)

    def test_feature_extraction(self):
        wanted = self.embeddings("topics", TEXTS)
        for path in ("", "/embed", "/v1/runs/topics/embed"):
            found = self.client(path).feature_extraction(TEXTS, normalize=True, truncate=True)
            self.expect_close(found, wanted)
        other = self.client("/v1/runs/other/embed").feature_extraction(TEXTS[0])
        self.expect_close(other, self.embeddings("small", TEXTS[:1]))

    def test_sentence_similarity(self):
        rows = self.embeddings("topics", TEXTS)
        found = self.client("/similarity").sentence_similarity(TEXTS[0], other_sentences=TEXTS[1:])
        self.expect_close(found, rows[1:] @ rows[0])

    def test_rerank(self):
        rows = self.embeddings("topics", ["melody", *TEXTS])
        cosines = rows[1:] @ rows[0]
        answer = annif_client.requests.post(
            self.url + "/rerank", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10,
            json={"query": "melody", "texts": TEXTS, "raw_scores": True, "return_text": True})
        found = answer.json()
        self.assertEqual([rank["index"] for rank in found], list(numpy.argsort(-cosines)))
        self.expect_close([rank["score"] for rank in found], -numpy.sort(-cosines))
        self.assertEqual(found[0]["text"], TEXTS[found[0]["index"]])

    def test_errors(self):
        with self.assertRaises(huggingface_hub.errors.HfHubHTTPError) as caught:
            self.client("/embed").feature_extraction([])
        self.assertEqual(caught.exception.response.status_code, 400)
        self.assertEqual(caught.exception.response.json()["error_type"], "Empty")


class Traces(Clients):
    def test_log(self):
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        answer = annif_client.requests.get(
            self.url + "/healthz", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}, timeout=10)
        self.assertTrue(answer.headers["traceparent"].startswith(f"00-{trace}-"))
        lines = [json.loads(line) for line in self.service.log().splitlines()]
        self.assertIn(trace, [line.get("metadata", {}).get("trace_id") for line in lines])


if __name__ == "__main__":
    unittest.main()
