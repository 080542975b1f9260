public import Torch

/// The thresholds of the soft top-k loss that each document had when it was last seen.
///
/// A search that begins near its end takes fewer sweeps over the labels. What a document is known
/// by is how far it was from the mean of its batch, since all thresholds move as the model learns:
/// it begins as far from the mean of the last batch, and one that has not been seen at that mean.
public final class ThresholdMemory {
  /// `[N + 1]`, float64: each document's threshold less the mean of its batch, NaN for none, and
  /// the last batch's mean.
  public private(set) var values: Tensor

  /// Begins with nothing known of `count` documents.
  public init(count: Int) { values = .full([count + 1], .nan, dtype: .float64) }

  /// Where the searches of a batch begin: `[rows]`, NaN where nothing is known.
  public func start(of rows: some Collection<Int>) -> Tensor {
    let known = values.gathered(rows: Tensor(Array(rows)))
    let last = values.size(along: 0) - 1
    return known.replacing(where: known.isFinite().logicalNot(), with: 0)
      + values[last..<(last + 1)]
  }

  /// Remembers the thresholds that a batch came to.
  public func keep(_ thresholds: Tensor, of rows: some Collection<Int>) {
    guard !rows.isEmpty else { return }
    let places = Tensor(Array(rows) + [values.size(along: 0) - 1])
    let mean = thresholds.mean().reshaped([1])
    values.setElementsInPlace(
      at: places, to: Tensor.concatenated([thresholds - mean, mean]).moved(to: .cpu))
  }

  /// Takes back `values`.
  ///
  /// - Throws: `InputError` when they are of another number of documents.
  public func restore(_ kept: Tensor) throws {
    guard kept.shape == values.shape, kept.dtype == values.dtype else {
      throw InputError(
        file: "optimiser state", reason: "thresholds are \(kept.dtype) of shape \(kept.shape)",
        expected: "\(values.dtype) of shape \(values.shape)")
    }
    values = kept.copied()
  }
}
