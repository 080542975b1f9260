import Dispatch
public import Torch

/// The scores of a `SparseLinear` for one batch, and the gradient that comes back to it.
///
/// A loss over label blocks adds the scores to each block and hands back the block's ∂L/∂s. What
/// comes back adds up until a `SparseLinearOptimizer` takes a step. A feature that a document names
/// twice counts twice.
public final class SparseLinearScores {
  /// Where the scores come from.
  public let source: SparseLinear
  /// The documents' features that have pairs.
  private let bags: CSRMatrix
  /// The batch seen from its features; only gradients need it.
  private lazy var batch = Batch(source, bags: bags)
  /// ∂L/∂W at the pairs of the batch's features; nil before the loss's backward pass.
  private(set) var gradient: Tensor?

  /// Where the pairs of a feature lie.
  struct Feature: Sendable {
    /// The first in the model.
    var pair: Int
    /// The first in the gradient.
    var place: Int
    /// How many there are.
    var count: Int
  }

  init(_ source: SparseLinear, bags: CSRMatrix) {
    precondition(
      bags.columnCount == source.pattern.rowCount,
      "bags of \(bags.columnCount) features for weights of \(source.pattern.rowCount)")
    self.source = source
    self.bags = source.pattern.rowOffsets.withUnsafeBufferPointer { offsets in
      bags.dropping { offsets[$0] == offsets[$0 + 1] }
    }
  }

  /// For each distinct feature of the batch where its pairs lie, in the model and in `gradient`.
  var features: [Feature] { batch.features }

  /// A batch seen from its features.
  private struct Batch {
    let transposed: TransposedBags
    /// How many pairs the batch's features have.
    let pairCount: Int
    let features: [Feature]

    init(_ source: SparseLinear, bags: CSRMatrix) {
      transposed = TransposedBags(
        bags,
        weights: bags.values.map { values in
          Tensor(values.withUnsafeBufferPointer { Array($0) }).converted(to: source.weights.dtype)
        })
      let rows = transposed.rows.array(of: Int64.self)
      var next = 0
      features = source.pattern.rowOffsets.withUnsafeBufferPointer { offsets in
        rows.map { row in
          let pair = Int(offsets[Int(row)])
          let count = Int(offsets[Int(row) + 1]) - pair
          defer { next += count }
          return Feature(pair: pair, place: next, count: count)
        }
      }
      pairCount = next
    }
  }

  /// The number of documents.
  var rowCount: Int { bags.rowCount }
  /// The number of labels.
  var labelCount: Int { source.pattern.columnCount }

  /// All scores as a matrix: `[B, L]`.
  public func matrix() -> Tensor {
    let scores = Tensor.zeros([rowCount, labelCount], dtype: source.weights.dtype)
    add(to: scores, labels: 0..<labelCount)
    return scores
  }

  /// Adds the scores of some labels to `scores`, `[B, labels.count]`.
  ///
  /// - Precondition: `scores` is contiguous, on the CPU, of the weights' dtype.
  public func add(to scores: Tensor, labels: Range<Int>) {
    precondition(
      scores.shape == [rowCount, labels.count],
      "scores of shape \(scores.shape) for \(rowCount) documents and \(labels.count) labels")
    if source.weights.dtype == .float64 {
      add(to: scores, labels, as: Double.self)
    } else {
      add(to: scores, labels, as: Float.self)
    }
  }

  /// Takes in `scale` times ∂L/∂s of some labels, `[B, labels.count]`.
  ///
  /// - Precondition: as for `add(to:labels:)`.
  public func accumulate(gradient block: Tensor, labels: Range<Int>, scale: Double) {
    if source.weights.dtype == .float64 {
      accumulate(block, labels, scale, as: Double.self)
    } else {
      accumulate(block, labels, Float(scale), as: Float.self)
    }
  }

  /// Forgets what has come back.
  func clearGradient() { gradient = nil }

  /// ∂L/∂W as a vector of all pairs, `[pairs]`; nil before the backward pass.
  public func denseGradient() -> Tensor? {
    guard let gradient else { return nil }
    let all = Tensor.zeros(like: source.weights)
    for feature in features {
      all[feature.pair..<(feature.pair + feature.count)].copyInPlace(
        from: gradient[feature.place..<(feature.place + feature.count)])
    }
    return all
  }

  // Inlined so that it is compiled for each of the two types: the generic form looks types up
  // at every element.
  @inline(__always)
  private func add<Scalar: TensorScalar & BinaryFloatingPoint>(
    to scores: Tensor, _ labels: Range<Int>, as: Scalar.Type
  ) {
    let bags = bags
    let width = labels.count
    withPairs(of: Scalar.self) { pairs in
      scores.withUnsafeMutableElements(of: Scalar.self) { scores in
        nonisolated(unsafe) let scores = scores
        concurrently(bags.rowCount) { rows in
          guard let scores = scores.baseAddress else { return }
          bags.withUnsafeEntries { bounds, features, values in
            for row in rows {
              let target = scores + row * width
              for entry in Int(bounds[row])..<Int(bounds[row + 1]) {
                let range = pairs.range(ofFeature: Int(features[entry]), labels)
                let value = values.map { Scalar($0[entry]) } ?? 1
                var pair = range.lowerBound
                while pair < range.upperBound {
                  target[Int(pairs.labels[pair]) &- labels.lowerBound] +=
                    value * pairs.weights[pair]
                  pair &+= 1
                }
              }
            }
          }
        }
      }
    }
  }

  @inline(__always)
  private func accumulate<Scalar: TensorScalar & BinaryFloatingPoint>(
    _ block: Tensor, _ labels: Range<Int>, _ scale: Scalar, as: Scalar.Type
  ) {
    let gradient = gradient ?? Tensor.zeros([batch.pairCount], dtype: source.weights.dtype)
    self.gradient = gradient
    let features = features
    let holders = batch.transposed.offsets.array(of: Int32.self)
    let width = labels.count
    withPairs(of: Scalar.self) { pairs in
      withHolders(of: Scalar.self) { rows, values in
        block.withUnsafeBytes { block in
          gradient.withUnsafeMutableElements(of: Scalar.self) { gradient in
            nonisolated(unsafe) let block = block.bindMemory(to: Scalar.self)
            nonisolated(unsafe) let gradient = gradient
            nonisolated(unsafe) let rows = rows
            nonisolated(unsafe) let values = values
            concurrently(features.count) { numbers in
              guard let block = block.baseAddress, let gradient = gradient.baseAddress else {
                return
              }
              for number in numbers {
                let feature = features[number]
                let range = pairs.range(feature.pair..<(feature.pair + feature.count), labels)
                let target = gradient + (feature.place - feature.pair)
                for holder in Int(holders[number])..<Int(holders[number + 1]) {
                  let value = (values?[holder] ?? 1) * scale
                  let row = block + (Int(rows[holder]) * width - labels.lowerBound)
                  var pair = range.lowerBound
                  while pair < range.upperBound {
                    target[pair] += value * row[Int(pairs.labels[pair])]
                    pair &+= 1
                  }
                }
              }
            }
          }
        }
      }
    }
  }

  @inline(__always)
  private func withPairs<Scalar: TensorScalar>(
    of: Scalar.Type, _ body: (PairsView<Scalar>) -> Void
  ) {
    source.pattern.rowOffsets.withUnsafeBufferPointer { offsets in
      source.pattern.columns.withUnsafeBufferPointer { labels in
        source.weights.withUnsafeBytes { bytes in
          guard let offsets = offsets.baseAddress, let labels = labels.baseAddress,
            let weights = bytes.bindMemory(to: Scalar.self).baseAddress
          else { return }
          body(PairsView(offsets: offsets, labels: labels, weights: weights))
        }
      }
    }
  }

  @inline(__always)
  private func withHolders<Scalar: TensorScalar>(
    of: Scalar.Type, _ body: (UnsafeBufferPointer<Int32>, UnsafeBufferPointer<Scalar>?) -> Void
  ) {
    let transposed = batch.transposed
    transposed.bags.withUnsafeBytes { bags in
      let bags = bags.bindMemory(to: Int32.self)
      guard let weights = transposed.weights else { return body(bags, nil) }
      weights.withUnsafeBytes { body(bags, $0.bindMemory(to: Scalar.self)) }
    }
  }
}

extension CSRMatrix {
  /// The same rows without the entries of some columns.
  fileprivate func dropping(_ isDropped: (Int) -> Bool) -> CSRMatrix {
    var newOffsets: [Int64] = [0]
    var newColumns: [Int32] = []
    var newValues: [Float] = []
    newOffsets.reserveCapacity(rowCount + 1)
    newColumns.reserveCapacity(entryCount)
    newValues.reserveCapacity(values == nil ? 0 : entryCount)
    withUnsafeEntries { offsets, columns, values in
      for row in 0..<(offsets.count - 1) {
        for entry in Int(offsets[row])..<Int(offsets[row + 1])
        where !isDropped(Int(columns[entry])) {
          newColumns.append(columns[entry])
          if let values { newValues.append(values[entry]) }
        }
        newOffsets.append(Int64(newColumns.count))
      }
    }
    return CSRMatrix(
      rowOffsets: MappedArray(newOffsets), columns: MappedArray(newColumns),
      values: values == nil ? nil : MappedArray(newValues), columnCount: columnCount)
  }
}

/// The pairs and their weights as plain memory; read by several threads.
private struct PairsView<Scalar>: @unchecked Sendable {
  let offsets: UnsafePointer<Int64>
  let labels: UnsafePointer<Int32>
  let weights: UnsafePointer<Scalar>

  /// The pairs of a feature whose labels lie in `wanted`.
  @inline(__always)
  func range(ofFeature feature: Int, _ wanted: Range<Int>) -> Range<Int> {
    range(Int(offsets[feature])..<Int(offsets[feature + 1]), wanted)
  }

  /// Those of one feature's pairs whose labels lie in `wanted`.
  @inline(__always)
  func range(_ all: Range<Int>, _ wanted: Range<Int>) -> Range<Int> {
    guard let last = all.last,
      Int(labels[all.lowerBound]) < wanted.lowerBound || Int(labels[last]) >= wanted.upperBound
    else { return all }
    return first(in: all, atLeast: wanted.lowerBound)..<first(in: all, atLeast: wanted.upperBound)
  }

  private func first(in pairs: Range<Int>, atLeast label: Int) -> Int {
    var low = pairs.lowerBound
    var high = pairs.upperBound
    while low < high {
      let middle = (low + high) / 2
      if Int(labels[middle]) < label { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// Calls `body` with parts of 0 ..< count, on as many threads as libtorch uses.
///
/// Each number is worked on by one thread, so that results do not depend on how many there are.
func concurrently(_ count: Int, _ body: @Sendable (Range<Int>) -> Void) {
  let threads = min(Runtime.threadCount, count / 16)
  guard threads > 1 else { return body(0..<count) }
  // Several parts a thread: features differ a lot in how many pairs they have.
  let parts = threads * 8
  DispatchQueue.concurrentPerform(iterations: parts) { part in
    body((count * part / parts)..<(count * (part + 1) / parts))
  }
}
