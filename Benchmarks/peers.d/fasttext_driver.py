"""fastText, supervised, on the texts themselves (or on the names of the features)."""
import fasttext

import features
import folder
import trial

t = trial.Trial()
documents = {r["id"]: r for r in folder.records(t.folder, "documents")}
number = {r["id"]: i for i, r in enumerate(folder.records(t.folder, "labels"))}


def words(record):
    if "text" in record:
        return " ".join(features.TOKEN.findall(record["text"].lower()))
    return " ".join("f" + name.replace(" ", "_") for name, value in record["features"].items() if value)


with open(t.output + "/train.txt", "w") as f:
    for r in folder.records(t.folder, "train"):
        marks = " ".join(f"__label__{number[x]}" for x in r["labels"])
        f.write(f"{marks} {words(documents[r['id']])}\n")
lines = [words(documents[r["id"]]) for r in folder.records(t.folder, "test")]
s = t.settings
with t.measured("train"):
    model = fasttext.train_supervised(
        t.output + "/train.txt", loss=s["loss"], dim=s["dim"], epoch=s["epochs"], lr=s["rate"],
        wordNgrams=s["ngrams"], minCount=s.get("fewest", 2), thread=t.threads, seed=t.seed, verbose=0)
with t.measured("predict"):
    # The wrapper's predict() fails with numpy 2; this calls the underlying function.
    found = [model.f.predict(line + "\n", trial.DEPTH, 0.0, "strict") for line in lines]
model.save_model(t.model)
t.finish([[int(label[len("__label__"):]) for _, label in row] for row in found])
