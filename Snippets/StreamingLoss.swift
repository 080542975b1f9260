// The decoupled softmax over 100,000 labels, in memory independent of their number.

import Extreme
import Storage
import Torch

let queries = Tensor.normal([64, 128], generator: Generator(seed: 0)).requiringGradient()
let labels = Tensor.normal([100_000, 128], generator: Generator(seed: 1)).requiringGradient()
let positives = CSRMatrix(rows: (0..<64).map { [$0, 1000 + $0] }, columnCount: 100_000)

// Compares all 6.4 million scores without storing any.
let loss = try DecoupledSoftmaxLoss()(queries: queries, labels: labels, positives: positives)
try loss.backward()

print(loss.scalar, queries.gradient?.shape ?? [], labels.gradient?.shape ?? [])
