import TestSupport
import Testing
import Torch

/// A loss over the rows of a batch, with the inputs of the shared laws: a row of a table.
///
/// A table has a row for each loss and each of its forms. `BatchLoss.Law` lists the laws. A row
/// names the laws that it does not keep in `exceptions`, each with the reason.
struct BatchLoss: Sendable {
  /// The arguments of a loss.
  struct Batch: Sendable {
    /// Embeddings, views, prototypes, scores.
    var matrices: [[[Double]]]
    /// Lists with a number for each example: classes, targets.
    var lists: [[Double]]

    /// Creates a batch.
    init(_ matrices: [[[Double]]], _ lists: [[Double]] = []) {
      self.matrices = matrices
      self.lists = lists
    }
  }

  /// Another batch that means the same.
  struct Variation: Sendable {
    let label: String
    let change: @Sendable (Batch) -> Batch

    /// Describes one change of the batch.
    init(_ label: String, _ change: @escaping @Sendable (Batch) -> Batch) {
      self.label = label
      self.change = change
    }
  }

  /// A batch without anything to compare.
  struct Nothing: Sendable {
    let label: String
    let batch: Batch
    let tolerance: Double

    /// Describes one such batch.
    ///
    /// - Parameter tolerance: 0 where a loss leaves the batch out; more where numbers cancel out.
    init(
      _ label: String, _ matrices: [[[Double]]], _ lists: [[Double]] = [], tolerance: Double = 0
    ) {
      self.label = label
      batch = Batch(matrices, lists)
      self.tolerance = tolerance
    }
  }

  typealias Call = @Sendable (_ matrices: [Tensor], _ lists: [[Double]]) throws -> Tensor

  /// The loss's name, with its form where there are several.
  let name: String
  /// The laws that it does not keep, with the reason.
  let exceptions: [Law: String]

  let batch: Batch
  let settings: [Call]
  let extremes: [Call]
  let records: [Record]
  /// How many matrices, from the first on, have a row for each example.
  let aligned: Int
  /// The matrices that get no gradient.
  let constants: Set<Int>
  /// The matrices the length of whose rows does not matter.
  let lengths: [Int]
  let swaps: [[Int]]
  let variations: [Variation]
  let nothing: [Nothing]
  let hardBatches: [Batch]
  let tolerance: Double
  let float32Tolerance: Double
  let singleTolerance: Double

  /// A row for `Loss`.
  ///
  /// - Parameters:
  ///   - name: the loss's name where it is not the type's.
  ///   - form: the difference from other rows of the same loss.
  ///   - settings: hyperparameters of ordinary size, all of which have to keep the laws.
  ///   - extremes: hyperparameters at which the loss has to stay finite.
  ///   - records: values that are encoded and decoded; `settings` by default.
  ///   - batch: matrices and lists of ordinary numbers.
  ///   - aligned: how many matrices, from the first on, have a row for each example; all by default.
  ///   - constants: the matrices that get no gradient.
  ///   - lengths: the matrices the length of whose rows does not matter; all by default.
  ///   - swaps: orders of the matrices that mean the same.
  ///   - variations: further batches that mean the same.
  ///   - nothing: batches without anything to compare.
  ///   - hardBatches: further batches at which the loss has to stay finite.
  ///   - tolerance: the tolerance of finite differences.
  ///   - float32Tolerance: the tolerance of float32.
  ///   - singleTolerance: the tolerance of the loss of one example; 0 where the loss leaves it out,
  ///     more where numbers cancel out.
  ///   - exceptions: the laws that the loss does not keep, with the reason.
  init<Loss: Codable & Equatable & Sendable>(
    _ form: String? = nil, named name: String? = nil, settings: [Loss], extremes: [Loss] = [],
    records: [Loss] = [],
    batch: Batch, aligned: Int? = nil, constants: Set<Int> = [], lengths: [Int]? = nil,
    swaps: [[Int]] = [], variations: [Variation] = [], nothing: [Nothing] = [],
    hardBatches: [Batch] = [], tolerance: Double = 1e-7, float32Tolerance: Double = 1e-5,
    singleTolerance: Double = 0, exceptions: [Law: String] = [:],
    _ call:
      @escaping @Sendable (_ loss: Loss, _ matrices: [Tensor], _ lists: [[Double]]) throws
      -> Tensor
  ) {
    self.name = (name ?? "\(Loss.self)") + (form.map { ", \($0)" } ?? "")
    self.exceptions = exceptions
    self.batch = batch
    self.settings = settings.map { loss in { try call(loss, $0, $1) } }
    self.extremes = extremes.map { loss in { try call(loss, $0, $1) } }
    self.records = (records.isEmpty ? settings : records).map { Record($0) }
    self.aligned = aligned ?? batch.matrices.count
    self.constants = constants
    self.lengths = lengths ?? Array(batch.matrices.indices)
    self.swaps = swaps
    self.variations = variations
    self.nothing = nothing
    self.hardBatches = hardBatches
    self.tolerance = tolerance
    self.float32Tolerance = float32Tolerance
    self.singleTolerance = singleTolerance
  }

  /// The first `count` examples of the batch.
  func prefix(_ count: Int) -> Batch {
    var first = batch
    for index in 0..<aligned { first.matrices[index] = Array(first.matrices[index].prefix(count)) }
    first.lists = first.lists.map { Array($0.prefix(count)) }
    return first
  }

  /// The value and the gradient of each matrix, row after row.
  func result(
    of call: Call, at batch: Batch, dtype: DType = .float64
  ) throws -> (value: Double, gradients: [[Double]]) {
    let leaves = batch.matrices.enumerated().map { index, rows in
      let width = self.batch.matrices[min(index, self.batch.matrices.count - 1)].first?.count ?? 0
      let matrix = rows.isEmpty ? Tensor.zeros([0, width], dtype: dtype) : Tensor(rows: rows)
      return matrix.converted(to: dtype).requiringGradient()
    }
    let value = try call(leaves, batch.lists)
    #expect(value.shape == [] && value.dtype == dtype, "\(name)")
    guard value.requiresGradient else { return (value.scalar, leaves.map { _ in [] }) }
    let slopes = try gradients(of: value, withRespectTo: leaves)
    return (
      value.scalar,
      zip(slopes, leaves).map { slope, leaf in
        slope?.doubles() ?? [Double](repeating: 0, count: leaf.elementCount)
      }
    )
  }
}

extension BatchLoss {
  /// One law that one row has to keep.
  struct Check: Sendable, CustomTestStringConvertible {
    let loss: BatchLoss
    let law: Law

    /// The names of the row and the law.
    var testDescription: String { "\(loss.name): \(law.rawValue)" }

    /// Expects the row to keep the law.
    func callAsFunction() throws { try loss.keeps(law) }
  }
}

extension [BatchLoss] {
  /// Every law of every row, without the exceptions.
  var checks: [BatchLoss.Check] {
    flatMap { loss in
      BatchLoss.Law.allCases.filter { loss.exceptions[$0] == nil && loss.has(inputsFor: $0) }
        .map { BatchLoss.Check(loss: loss, law: $0) }
    }
  }
}
