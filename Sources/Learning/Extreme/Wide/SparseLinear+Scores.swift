import Dispatch
public import Kernels
import Storage
public import Torch

/// The scores of a `SparseLinear` for one batch, and their accumulated gradient.
///
/// A loss over label blocks adds the scores to each block and passes back the block's ∂L/∂s. These
/// gradients accumulate until a `SparseLinearOptimizer` takes a step. A feature listed twice in a
/// document counts twice.
public final class SparseLinearScores: AddedScores {
  /// The model that computes the scores.
  public let source: SparseLinear
  /// The documents' features that have weights.
  private let bags: CSRMatrix
  /// The batch by feature; only gradients need it.
  private lazy var batch = Batch(source, bags: bags)
  /// ∂L/∂W at the pairs of the batch's features; nil before the loss's backward pass.
  private(set) var gradient: Tensor?

  init(_ source: SparseLinear, bags: CSRMatrix) {
    precondition(
      bags.columnCount == source.pattern.rowCount,
      "bags have \(bags.columnCount) features, the model has \(source.pattern.rowCount)")
    self.source = source
    self.bags = source.featuresWithPairs(bags)
  }

  /// The locations of the pairs of the batch's distinct features.
  var features: Features { batch.features }

  /// The locations of features' pairs: those of feature number n start at `pairs[n]` in the model
  /// and have the indices `places[n] ..< places[n + 1]` in the gradient.
  struct Features: Sendable {
    let pairs: [Int64]
    let places: [Int64]

    var count: Int { pairs.count }
    /// The model indices of feature `number`'s pairs.
    func pairs(_ number: Int) -> Range<Int> {
      Int(pairs[number])..<Int(pairs[number] + places[number + 1] - places[number])
    }
    /// The gradient indices of the same pairs.
    func places(_ number: Int) -> Range<Int> { Int(places[number])..<Int(places[number + 1]) }

    /// The same in the kernels' format.
    func withRows(_ body: (PairKernels.Rows) -> Void) {
      pairs.withUnsafeBufferPointer { pairs in
        places.withUnsafeBufferPointer { places in
          guard let pairs = pairs.baseAddress, let places = places.baseAddress else { return }
          body(PairKernels.Rows(pairs: pairs, places: places))
        }
      }
    }
  }

  /// A batch by feature.
  private struct Batch {
    let transposed: TransposedBags
    let features: Features

    init(_ source: SparseLinear, bags: CSRMatrix) {
      transposed = TransposedBags(
        bags,
        weights: bags.values.map { values in
          Tensor(values.withUnsafeBufferPointer { Array($0) }).converted(to: source.weights.dtype)
        })
      let rows = transposed.rows.array(of: Int64.self)
      var places: [Int64] = [0]
      places.reserveCapacity(rows.count + 1)
      let pairs = source.pattern.rowOffsets.withUnsafeBufferPointer { offsets in
        rows.map { row in
          let first = offsets[Int(row)]
          places.append(places[places.count - 1] + offsets[Int(row) + 1] - first)
          return first
        }
      }
      features = Features(pairs: pairs, places: places)
    }
  }

  /// The number of documents.
  package var rowCount: Int { bags.rowCount }
  /// The number of labels.
  package var labelCount: Int { source.pattern.columnCount }
  /// The type of the scores.
  package var dtype: DType { source.weights.dtype }

  /// All scores as a matrix: `[B, L]`.
  public func matrix() -> Tensor {
    let scores = Tensor.zeros([rowCount, labelCount], dtype: source.weights.dtype)
    add(to: scores, labels: 0..<labelCount)
    return scores
  }

  /// Adds the scores of some labels to `scores`, `[B, labels.count]`.
  ///
  /// - Precondition: `scores` is contiguous, on the CPU, with the weights' dtype.
  public func add(to scores: Tensor, labels: Range<Int>) {
    precondition(
      scores.shape == [rowCount, labels.count],
      "scores of shape \(scores.shape) for \(rowCount) documents and \(labels.count) labels")
    if source.weights.dtype == .float64 {
      addDoubles(to: scores, labels)
    } else {
      addFloats(to: scores, labels)
    }
  }

  /// Accumulates `scale` times ∂L/∂s of some labels, `[B, labels.count]`.
  ///
  /// - Precondition: as for `add(to:labels:)`.
  public func accumulate(gradient block: Tensor, labels: Range<Int>, scale: Double) {
    precondition(
      block.shape == [rowCount, labels.count] && block.dtype == source.weights.dtype,
      "a gradient of shape \(block.shape) in \(block.dtype) for \(rowCount) documents and "
        + "\(labels.count) labels in \(source.weights.dtype)")
    let gradient =
      gradient ?? Tensor.zeros([Int(features.places.last ?? 0)], dtype: source.weights.dtype)
    self.gradient = gradient
    if source.weights.dtype == .float64 {
      accumulateDoubles(block, labels, scale, to: gradient)
    } else {
      accumulateFloats(block, labels, Float(scale), to: gradient)
    }
  }

  /// Discards the accumulated gradient.
  func clearGradient() { gradient = nil }

  /// ∂L/∂W as a vector of all pairs, `[pairs]`; nil before the backward pass.
  public func denseGradient() -> Tensor? {
    guard let gradient else { return nil }
    let all = Tensor.zeros(like: source.weights)
    for number in 0..<features.count {
      all[features.pairs(number)].copyInPlace(from: gradient[features.places(number)])
    }
    return all
  }

  private func addFloats(to scores: Tensor, _ labels: Range<Int>) {
    let bags = bags
    withPairs(of: Float.self) { view in
      let pairs = PairKernels.Pairs(
        offsets: view.offsets, labels: view.labels, labelCount: labelCount)
      nonisolated(unsafe) let weights = view.weights
      scores.withUnsafeMutableElements(of: Float.self) { scores in
        bags.withUnsafeEntries { bounds, features, values in
          guard let scores = scores.baseAddress, let bounds = bounds.baseAddress,
            let features = features.baseAddress
          else { return }
          nonisolated(unsafe) let target = scores
          let bags = PairKernels.Bags(
            offsets: bounds, features: features, values: values?.baseAddress)
          concurrently(rowCount) { rows in
            PairKernels.add(
              pairs, weights: weights, bags: bags, rows: rows, labels: labels, to: target)
          }
        }
      }
    }
  }

  private func accumulateFloats(
    _ block: Tensor, _ labels: Range<Int>, _ scale: Float, to gradient: Tensor
  ) {
    let features = features
    withPairs(of: Float.self) { view in
      let pairs = PairKernels.Pairs(
        offsets: view.offsets, labels: view.labels, labelCount: labelCount)
      withHolders(of: Float.self) { bounds, bags, values in
        block.withUnsafeBytes { block in
          gradient.withUnsafeMutableElements(of: Float.self) { gradient in
            guard let bounds = bounds.baseAddress, let bags = bags.baseAddress,
              let scoreGradient = block.bindMemory(to: Float.self).baseAddress,
              let gradient = gradient.baseAddress
            else { return }
            nonisolated(unsafe) let source = scoreGradient
            nonisolated(unsafe) let target = gradient
            let holders = PairKernels.Holders(
              offsets: bounds, bags: bags, values: values?.baseAddress)
            features.withRows { rows in
              concurrently(features.count) { numbers in
                PairKernels.accumulate(
                  pairs, rows: rows, holders: holders, numbers: numbers, labels: labels,
                  scale: scale, scoreGradient: source, to: target)
              }
            }
          }
        }
      }
    }
  }

  // Float64 is for tests and small models: plain single-threaded loops.

  private func addDoubles(to scores: Tensor, _ labels: Range<Int>) {
    withPairs(of: Double.self) { pairs in
      scores.withUnsafeMutableElements(of: Double.self) { scores in
        for row in 0..<rowCount {
          for entry in bags.entries(ofRow: row) {
            let value = bags.values.map { Double($0[entry]) } ?? 1
            for pair in pairs.range(ofFeature: Int(bags.columns[entry]), labels) {
              scores[row * labels.count + Int(pairs.labels[pair]) - labels.lowerBound] +=
                value * pairs.weights[pair]
            }
          }
        }
      }
    }
  }

  private func accumulateDoubles(
    _ block: Tensor, _ labels: Range<Int>, _ scale: Double, to gradient: Tensor
  ) {
    withPairs(of: Double.self) { pairs in
      withHolders(of: Double.self) { bounds, bags, values in
        block.withUnsafeBytes { block in
          let scoreGradient = block.bindMemory(to: Double.self)
          gradient.withUnsafeMutableElements(of: Double.self) { gradient in
            for number in 0..<features.count {
              let shift = Int(features.places[number] - features.pairs[number])
              let range = pairs.range(features.pairs(number), labels)
              for holder in Int(bounds[number])..<Int(bounds[number + 1]) {
                let value = (values?[holder] ?? 1) * scale
                let row = Int(bags[holder]) * labels.count - labels.lowerBound
                for pair in range {
                  gradient[pair + shift] += value * scoreGradient[row + Int(pairs.labels[pair])]
                }
              }
            }
          }
        }
      }
    }
  }

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

  private func withHolders<Scalar: TensorScalar>(
    of: Scalar.Type,
    _ body: (
      _ bounds: UnsafeBufferPointer<Int32>, _ bags: UnsafeBufferPointer<Int32>,
      _ values: UnsafeBufferPointer<Scalar>?
    ) -> Void
  ) {
    let transposed = batch.transposed
    transposed.offsets.withUnsafeBytes { offsets in
      transposed.bags.withUnsafeBytes { bags in
        let (bounds, bags) = (offsets.bindMemory(to: Int32.self), bags.bindMemory(to: Int32.self))
        guard let weights = transposed.weights else { return body(bounds, bags, nil) }
        weights.withUnsafeBytes { body(bounds, bags, $0.bindMemory(to: Scalar.self)) }
      }
    }
  }
}

/// The pairs and their weights as raw memory, read by several threads.
private struct PairsView<Scalar>: @unchecked Sendable {
  let offsets: UnsafePointer<Int64>
  let labels: UnsafePointer<Int32>
  let weights: UnsafePointer<Scalar>

  /// The pairs of a feature with labels in `wanted`.
  func range(ofFeature feature: Int, _ wanted: Range<Int>) -> Range<Int> {
    range(Int(offsets[feature])..<Int(offsets[feature + 1]), wanted)
  }

  /// The subset of one feature's pairs with labels in `wanted`.
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
/// Each index is processed by one thread, so that results do not depend on the number of threads.
func concurrently(_ count: Int, _ body: @Sendable (Range<Int>) -> Void) {
  let threads = min(Runtime.threadCount, count / 16)
  guard threads > 1 else { return body(0..<count) }
  // Several parts per thread, because features differ a lot in their number of pairs.
  let parts = threads * 8
  DispatchQueue.concurrentPerform(iterations: parts) { part in
    body((count * part / parts)..<(count * (part + 1) / parts))
  }
}
