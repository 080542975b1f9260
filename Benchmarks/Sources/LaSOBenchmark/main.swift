import Extreme
import Foundation
import Torch

// `LaSOBenchmark FOLDER FEATURES LABELS SEED`
//
// FOLDER contains train-x, train-y, test-x, test-y: float32, row by row. Trains a classifier,
// freezes it, trains LaSO on training pairs, and writes the logits of test pairs for each way to
// combine two vectors to FOLDER/NAME.OPERATION, and the rows of the pairs to FOLDER/pairs.

func load(_ path: String, columns: Int) throws -> Tensor {
  let data = try Data(contentsOf: URL(filePath: path))
  let values = data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
  return Tensor(values, shape: [values.count / columns, columns])
}

func store(_ tensor: Tensor, _ path: String) throws {
  try tensor.contiguous().withUnsafeBytes { Data($0) }.write(to: URL(filePath: path))
}

func processTime() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

guard CommandLine.arguments.count == 5, let width = Int(CommandLine.arguments[2]),
  let labelCount = Int(CommandLine.arguments[3]), let seed = UInt64(CommandLine.arguments[4])
else {
  FileHandle.standardError.write(
    Data("usage: LaSOBenchmark FOLDER FEATURES LABELS SEED\n".utf8))
  exit(64)
}
let folder = CommandLine.arguments[1]
Runtime.threadCount = 1
let trainX = try load(folder + "/train-x", columns: width)
let trainY = try load(folder + "/train-y", columns: labelCount)
let testX = try load(folder + "/test-x", columns: width)
let generator = Generator(seed: seed)
let (dimension, batch) = (64, 64)

let encoder = Linear(from: width, to: dimension, generator: generator)
let head = Linear(from: dimension, to: labelCount, generator: generator)
@MainActor func features(_ rows: Tensor) -> Tensor { encoder(rows).relu() }

@MainActor func epochs(
  _ count: Int, _ parameters: [Tensor], _ loss: (Tensor, Tensor) throws -> Tensor
) throws {
  let optimizer = AdamW(parameters)
  for _ in 0..<count {
    let order = Tensor.permutation(trainX.shape[0], generator: generator)
    let others = Tensor.permutation(trainX.shape[0], generator: generator)
    for start in stride(from: 0, to: trainX.shape[0], by: batch) {
      let range = start..<min(start + batch, trainX.shape[0])
      optimizer.clearGradients()
      try loss(order.slice(range, along: 0), others.slice(range, along: 0)).backward()
      try optimizer.step()
    }
  }
}

let start = processTime()
try epochs(20, (encoder.parameters + head.parameters).map { $0.tensor }) { rows, _ in
  let logits = head(features(trainX.gathered(rows: rows)))
  return -((-logits).logSigmoid() + logits * trainY.gathered(rows: rows)).mean()
}
let classifying = processTime() - start

let networks = LaSONetworks(
  .init(dimension: dimension, hiddenDimension: 256, isRectified: true), generator: generator)
let trainFeatures = withoutGradients { features(trainX).contiguous() }
let loss = LaSOLoss()
try epochs(30, networks.parameters.map { $0.tensor }) { rows, others in
  try loss(
    networks: networks, first: trainFeatures.gathered(rows: rows),
    second: trainFeatures.gathered(rows: others), firstLabels: trainY.gathered(rows: rows),
    secondLabels: trainY.gathered(rows: others), classifier: head.callAsFunction)
}
let training = processTime() - start - classifying

try withoutGradients {
  let known = features(testX)
  // Every test row is paired with three others.
  let count = testX.shape[0]
  let first = Tensor.concatenated((0..<3).map { _ in Tensor.range(0..<count) })
  let second = Tensor.concatenated(
    (0..<3).map { _ in Tensor.permutation(count, generator: generator) })
  try store(first, folder + "/first")
  try store(second, folder + "/second")
  let (a, b) = (known.gathered(rows: first), known.gathered(rows: second))
  try store(head(a), folder + "/alone.first")
  for operation in LaSONetworks.Operation.allCases {
    try store(head(networks(operation, a, b)), "\(folder)/laso.\(operation.rawValue)")
  }
  let analytic: [(String, Tensor)] = [
    ("maximum.union", a.maximum(b)), ("sum.union", a + b),
    ("minimum.intersection", a.minimum(b)), ("product.intersection", a * b),
    ("difference.subtraction", a - b), ("rectified difference.subtraction", (a - b).relu()),
  ]
  for (name, vectors) in analytic { try store(head(vectors), "\(folder)/\(name)") }
  let (p, q) = (head(a).sigmoid(), head(b).sigmoid())
  let logical: [(String, Tensor)] = [
    ("probabilities.union", p + q - p * q), ("probabilities.intersection", p * q),
    ("probabilities.subtraction", p - p * q),
  ]
  for (name, scores) in logical { try store(scores, "\(folder)/\(name)") }
}
print(classifying, training)
