import Storage
public import Torch

/// Each document's threshold of the soft top-k loss from its last step, as a warm start.
///
/// A search that starts near its solution needs fewer sweeps over the labels. All thresholds move
/// as the model learns, so a document's distance from its batch mean is stored: its next search
/// starts at that distance from the last batch's mean, that of an unseen document at the mean.
public final class ThresholdMemory {
  /// `[N + 1]`, float64: each document's threshold minus its batch mean, NaN for none, then the
  /// last batch's mean.
  public private(set) var values: Tensor

  /// Creates an empty memory for `count` documents.
  public init(count: Int) { values = .full([count + 1], .nan, dtype: .float64) }

  /// The initial thresholds for a batch: `[rows]`, NaN if unknown.
  public func start(of rows: some Collection<Int>) -> Tensor {
    let known = values.gathered(rows: Tensor(Array(rows)))
    let last = values.size(along: 0) - 1
    return known.replacing(where: known.isFinite().logicalNot(), with: 0)
      + values[last..<(last + 1)]
  }

  /// Stores the thresholds of a batch.
  public func keep(_ thresholds: Tensor, of rows: some Collection<Int>) {
    guard !rows.isEmpty else { return }
    let places = Tensor(Array(rows) + [values.size(along: 0) - 1])
    let mean = thresholds.mean().reshaped([1])
    values.setElementsInPlace(
      at: places, to: Tensor.concatenated([thresholds - mean, mean]).moved(to: .cpu))
  }

  /// Restores saved `values`.
  ///
  /// - Throws: `ValueError` if they are for another number of documents.
  public func restore(_ kept: Tensor) throws {
    guard kept.shape == values.shape, kept.dtype == values.dtype else {
      throw ValueError(
        "optimizer state", reason: "thresholds are \(kept.dtype) of shape \(kept.shape)",
        expected: "\(values.dtype) of shape \(values.shape)")
    }
    values = kept.copied()
  }
}
