"""PECOS XR-Linear: label embedding by positive instances, hierarchical 2-means, beam search.

Its scores saturate at 1 (l3-hinge), so that many are tied; trial.by_score breaks ties.
"""
import trial
from pecos.xmc import Indexer, LabelEmbeddingFactory
from pecos.xmc.xlinear.model import XLinearModel

t = trial.Trial()
x, y, test = t.matrix("train"), t.labels(), t.matrix("test")
with t.measured("train"):
    vectors = LabelEmbeddingFactory.create(y, x, method="pifa", threads=t.threads)
    clusters = Indexer.gen(
        vectors, indexer_type="hierarchicalkmeans", seed=t.seed, threads=t.threads)
    model = XLinearModel.train(
        x, y, C=clusters, threshold=t.settings.get("threshold", 0.1), Cp=t.settings.get("c", 1.0),
        Cn=t.settings.get("c", 1.0),
        threads=t.threads)
with t.measured("predict"):
    found = model.predict(
        test, beam_size=t.settings["beam"], only_topk=trial.DEPTH, threads=t.threads)
model.save(t.model)
found.sort_indices()
t.finish([
    trial.by_score(found.indices[a:b], found.data[a:b])
    for a, b in zip(found.indptr, found.indptr[1:])])
