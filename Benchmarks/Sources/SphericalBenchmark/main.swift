import Extreme
// Compares the Z-loss update of label vectors by SphericalOutputLayer with the streamed loss and a
// dense step, in one process, for growing numbers of labels. Benchmarks/spherical saves the result.
import Foundation
import Storage
import Torch

let width = 128
let batchSize = 32
let positivesPerQuery = 3
let rate = 0.1

func cpuSeconds(_ body: () throws -> Void) rethrows -> Double {
  func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
  let start = now()
  try body()
  return now() - start
}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

func batch(_ labelCount: Int, _ step: Int, _ generator: Generator) -> (Tensor, CSRMatrix) {
  var random = SplitMix64(1, UInt64(step))
  let rows = (0..<batchSize).map { _ in
    (0..<positivesPerQuery).map { _ in Int.random(in: 0..<labelCount, using: &random) }
  }
  return (
    Tensor.normal([batchSize, width], generator: generator),
    CSRMatrix(rows: rows, columnCount: labelCount)
  )
}

func pad(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: max(0, width - text.count)) + text
}

Runtime.threadCount = 1
let loss = ZLoss()
print("CPU milliseconds per step, one thread: \(batchSize) queries of \(width) dimensions")
print("   labels   layer   dense   folds   loss, layer   loss, dense")
for labelCount in [1_000, 10_000, 100_000, 1_000_000] {
  let generator = Generator(seed: 0)
  var weights = Tensor.normal([labelCount, width], generator: generator)
  let layer = SphericalOutputLayer(loss, weights: weights)
  var last = (layer: 0.0, dense: 0.0)
  // A dense step over a million labels takes seconds.
  let denseSteps = labelCount > 100_000 ? 3 : 10
  let layerTimes = try (0..<300).map { step in
    let (queries, positives) = batch(labelCount, step, Generator(seed: UInt64(step)))
    return try cpuSeconds {
      let value = try layer.step(queries: queries, positives: positives, learningRate: rate).loss
      if step == denseSteps - 1 { last.layer = value }
    }
  }
  let denseTimes = try (0..<denseSteps).map { step in
    let (queries, positives) = batch(labelCount, step, Generator(seed: UInt64(step)))
    return try cpuSeconds {
      let leaf = weights.requiringGradient()
      let value = try loss(queries: queries, labels: leaf, positives: positives)
      last.dense = value.scalar
      if let slope = try gradients(of: value, withRespectTo: [leaf])[0] {
        weights = weights.detached() - slope * rate
      }
    }
  }
  func milliseconds(_ values: [Double]) -> String { String(format: "%.2f", median(values) * 1e3) }
  print(
    pad("\(labelCount)", 9), pad(milliseconds(layerTimes), 7), pad(milliseconds(denseTimes), 7),
    pad("\(layer.foldCount)", 7), pad(String(format: "%.6f", last.layer), 13),
    pad(String(format: "%.6f", last.dense), 13))
}
