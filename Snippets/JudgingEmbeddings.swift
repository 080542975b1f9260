// Evaluates embeddings of labelled examples: by nearest neighbours, a linear probe, retrieval and
// the dimensions that they use.

import Evaluation
import Torch

// Two clouds of points with one class each; one half for training.
let generator = Generator(seed: 1)
let classes = (0..<400).map { $0 % 2 }
let centres = Tensor(rows: [[1, 0, 0, 0], [0, 1, 0, 0]] as [[Float]])
let embeddings =
  centres.gathered(rows: Tensor(classes)) + 0.5 * Tensor.normal([400, 4], generator: generator)
let (train, test) = (embeddings[0..<200], embeddings[200..<400])
let (taught, asked) = (Array(classes[..<200]), Array(classes[200...]))

let neighbours = try NearestNeighbourProbe().fitted(to: train, classes: taught)
let line = try LinearProbe().fitted(to: train, classes: taught)
print("nearest neighbours:", try neighbours.accuracy(on: test, classes: asked))
print("linear probe:", try line.accuracy(on: test, classes: asked))

let retrieval = try EmbeddingRetrieval(cutoffs: [1])(test, classes: asked)
print("R@1:", retrieval.recall[0], "MAP@R:", retrieval.meanAveragePrecisionAtR)

let episodes = try FewShotEpisodes(ways: 2, shots: 5)(embeddings, classes: classes)
print("5 shots:", episodes.accuracy, "±", episodes.halfWidth)
print("effective rank:", try EffectiveRank()(of: embeddings))
