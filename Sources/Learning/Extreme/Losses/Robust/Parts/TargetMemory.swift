import Kernels
public import Storage
public import Torch

/// A number per pair of a training document and its label that follows the label's probability.
///
/// With q the probability in a step and β the momentum, the step makes t ← β t + (1 − β) q; t begins
/// with 0. Memory: 8 bytes a pair.
public final class TargetMemory {
  /// `[pairs]`, float64, in the order of the matrix of labels.
  public private(set) var values: Tensor
  private let offsets: [Int]

  /// Creates an empty memory for the pairs of `labels` `[N, L]`.
  public init(of labels: CSRMatrix) {
    values = .zeros([labels.entryCount], dtype: .float64)
    offsets = labels.rowOffsets.map(Int.init)
  }

  /// Updates the targets of a batch.
  ///
  /// - Parameters:
  ///   - probabilities: q of each cell, `[E]`, float64 on the CPU.
  ///   - cells: the row in `batch` and the column of each cell, `[E]`.
  ///   - batch: the rows `rows` of the labels, with the same order of columns.
  /// - Returns: t of each cell, `[E]`.
  func updated(
    by probabilities: Tensor, momentum: Double, cells: (rows: Tensor, columns: Tensor),
    batch: CSRMatrix, rows: [Int]
  ) -> Tensor {
    let cellRows = cells.rows.moved(to: .cpu).array(of: Int64.self)
    let columns = cells.columns.moved(to: .cpu).array(of: Int64.self)
    let places = zip(cellRows, columns).map { row, column in
      let entries = batch.entries(ofRow: Int(row))
      let entry = entries.first { Int64(batch.columns[$0]) == column }
      guard let entry else { preconditionFailure("the label \(column) is not in the batch") }
      return offsets[rows[Int(row)]] + entry - entries.lowerBound
    }
    let positions = Tensor(places)
    let device = probabilities.device
    let result =
      values.elements(at: positions) * momentum + probabilities.moved(to: .cpu) * (1 - momentum)
    values.setElementsInPlace(at: positions, to: result)
    return result.moved(to: device)
  }

  /// Restores saved `values`.
  ///
  /// - Throws: `ValueError` if they are for another number of pairs.
  public func restore(_ kept: Tensor) throws {
    guard kept.shape == values.shape, kept.dtype == values.dtype else {
      throw ValueError(
        "optimizer state", reason: "targets are \(kept.dtype) of shape \(kept.shape)",
        expected: "\(values.dtype) of shape \(values.shape)")
    }
    values = kept.copied()
  }
}
