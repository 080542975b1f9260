"""Annif: its omikuji back end, or nn_ensemble over omikuji (Parabel, Bonsai) and tfidf, on the texts.

Through Annif's library in one process, with the analyzer of its tutorial. nn_ensemble learns from every
tenth training document, which its sources do not see, as Annif's documentation asks.

Departure: Annif's tokenizer loads a trained sentence splitter (punkt_tab) from the network. Here NLTK's
Punkt splits sentences without the trained abbreviations.
"""
import csv
import os

import nltk.data
import nltk.tokenize

import folder
import trial

t = trial.Trial()
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

_sentences, _words = nltk.tokenize.PunktSentenceTokenizer(), nltk.tokenize.NLTKWordTokenizer()
_find = nltk.data.find
nltk.data.find = lambda name, *rest: "" if name == "tokenizers/punkt_tab" else _find(name, *rest)
nltk.tokenize.word_tokenize = lambda text: [
    word for sentence in _sentences.tokenize(text) for word in _words.tokenize(sentence)]

import annif  # noqa: E402
import annif.corpus.document  # noqa: E402
import annif.registry  # noqa: E402
import annif.vocab.subject_file  # noqa: E402

annif.logger.setLevel("WARNING")
s = t.settings
names = [r["id"] for r in folder.records(t.folder, "labels")]
texts = {r["id"]: r for r in folder.records(t.folder, "labels")}
number = {name: i for i, name in enumerate(names)}
documents = {r["id"]: r["text"] for r in folder.records(t.folder, "documents")}

PARABEL = {"backend": "omikuji"}
BONSAI = {"backend": "omikuji", "cluster_balanced": "False", "cluster_k": "100", "max_depth": "3"}
SOURCES = {"parabel": PARABEL, "bonsai": BONSAI, "tfidf": {"backend": "tfidf"}}
common = {"language": "en", "vocab": "labels", "analyzer": s["analyzer"]}
omikuji = {k: str(s[k]) for k in ("min_df", "ngram") if k in s}
projects = {
    name: {**common, **own, **(omikuji if own["backend"] == "omikuji" else {})}
    for name, own in SOURCES.items()}
sources = s.get("sources", [s["project"]])
if s["project"] == "ensemble":
    own = {k: str(s[k]) for k in ("nodes", "dropout_rate", "epochs") if k in s}
    projects["ensemble"] = {**common, "backend": "nn_ensemble", "sources": ",".join(sources),
                            "lmdb_map_size": str(1 << 34), **own}
with open(t.output + "/projects.cfg", "w", encoding="utf-8") as f:
    for name, values in projects.items():
        f.write(f"[{name}]\nname={name}\n" + "".join(f"{k}={v}\n" for k, v in values.items()))
with open(t.output + "/labels.csv", "w", encoding="utf-8", newline="") as f:
    rows = csv.writer(f)
    rows.writerow(["uri", "label_en"])
    for i, name in enumerate(names):
        rows.writerow([f"urn:label:{i}", texts[name].get("text", name).split("\n")[0]])

registry = annif.registry.AnnifRegistry(t.output + "/projects.cfg", t.model, False)
registry.get_vocab("labels").load_vocabulary(
    annif.vocab.subject_file.VocabFileCSV(t.output + "/labels.csv")
    if hasattr(annif.vocab.subject_file, "VocabFileCSV")
    else annif.vocab.subject_file.SubjectFileCSV(t.output + "/labels.csv"))
first = registry.get_project(sources[0])
assert len(first.subjects) == len(names), "Annif has other labels"


def corpus(rows):
    return annif.corpus.document.DocumentList([
        annif.corpus.Document(documents[r["id"]], annif.corpus.SubjectSet(
            [first.subjects.by_uri(f"urn:label:{number[x]}") for x in r["labels"]])) for r in rows])


train = list(folder.records(t.folder, "train"))
test = [annif.corpus.Document(documents[r["id"]]) for r in folder.records(t.folder, "test")]
used = train if s["project"] != "ensemble" else [r for i, r in enumerate(train) if i % 10 != 9]
with t.measured("train"):
    for name in sources:
        registry.get_project(name).train(corpus(used), jobs=t.threads)
    if s["project"] == "ensemble":
        import keras
        keras.utils.set_random_seed(t.seed)
        registry.get_project("ensemble").train(corpus(train[9::10]), jobs=t.threads)
project = registry.get_project(s["project"])
project.initialize()
label = [int(x.uri.rsplit(":", 1)[1]) for x in first.subjects]
ranking = []
with t.measured("predict"):
    for begin in range(0, len(test), 32):
        for row in project.suggest(test[begin:begin + 32], {}):
            found = [(label[x.subject_id], x.score) for x in row]
            ranking.append(trial.by_score(
                trial.np.array([i for i, _ in found], trial.np.int64), [score for _, score in found]))
# The files that only training needs do not belong to the model.
kept = [os.path.join(d, f) for d, _, fs in os.walk(t.model) for f in fs
        if not f.startswith("omikuji-train") and "nn-train.mdb" not in d]
t.finish(ranking, model_bytes=sum(map(os.path.getsize, kept)))
