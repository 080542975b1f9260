"""Ranks labels in Python: predict.py RUN VECTORS.npy [K], with vectors written by decant embed."""
import json, sys
import numpy
from safetensors.numpy import load_file

run, vectors = sys.argv[1], numpy.load(sys.argv[2])
k = int(sys.argv[3]) if len(sys.argv) > 3 else 5
labels = json.load(open(f"{run}/labels.json"))
settings = json.load(open(f"{run}/configuration.json"))
assert "wide" not in settings["model"], "the wide part's scores need the texts: decant predict"
weights = load_file(f"{run}/model.safetensors")
temperature = next(iter(settings["loss"].values()))["temperature"]
if "temperature.log" in weights:  # learnt
    temperature = float(numpy.exp(weights["temperature.log"][0]))
scores = vectors @ load_file(f"{run}/embeddings.safetensors")["embeddings"].T / temperature
scores += weights.get("labels.bias", 0)
for row in scores:
    best = numpy.argsort(-row, kind="stable")[:k]
    print(json.dumps([{"id": labels[i], "score": float(row[i])} for i in best]))
