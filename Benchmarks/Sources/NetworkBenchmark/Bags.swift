import Foundation
import Storage
import Torch

/// A table of 200,000 × 128, and batches of 256 bags of 160 weighted entries whose columns have a
/// long-tailed distribution, like words: forward, backward, and with the update of the table.
func measureBags() throws {
  let rows = 200_000
  let width = 128
  let bagCount = 256
  let perBag = 160
  var state: UInt64 = 1
  func uniform() -> Double {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Double(state >> 11) / Double(1 << 53)
  }
  let batches = (0..<20).map { _ in
    // A density proportional to 1 / column over most of its range: exp of a uniform number.
    let columns = (0..<(bagCount * perBag)).map { _ in
      Int32(min(Double(rows - 1), exp(uniform() * log(Double(rows)))))
    }
    return CSRMatrix(
      rowOffsets: MappedArray((0...bagCount).map { Int64($0 * perBag) }),
      columns: MappedArray(columns),
      values: MappedArray(columns.map { _ in Float(uniform() + 0.5) }), columnCount: rows)
  }
  let weight = Tensor.normal([rows, width], generator: Generator(seed: 1))
  let upstream = Tensor.normal([bagCount, width], generator: Generator(seed: 2))
  for form in [EmbeddingBag.GradientForm.sparse, .dense] {
    let layer = EmbeddingBag(weight: weight.copied(), gradient: form)
    let optimizer = SparseAdagrad([layer.weight])
    var index = 0
    func pass(update: Bool) throws {
      let bags = batches[index % batches.count]
      index += 1
      try layer(bags).backward(upstream)
      if update { try optimizer.step() }
      optimizer.clearGradients()
    }
    let count = form == .sparse ? 60 : 10
    report(
      "bag-\(form.rawValue)-forward",
      try withoutGradients {
        try microseconds(warmup: 5, count: count) {
          index += 1
          _ = try layer(batches[index % batches.count])
        }
      })
    report(
      "bag-\(form.rawValue)-forward-backward",
      try microseconds(warmup: 5, count: count) { try pass(update: false) })
    if form == .sparse {
      report(
        "bag-\(form.rawValue)-with-adagrad",
        try microseconds(warmup: 5, count: count) { try pass(update: true) })
    }
  }
}
