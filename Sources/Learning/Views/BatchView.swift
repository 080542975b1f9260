public import Torch

/// Something that changes a batch at random without changing what its rows are about.
///
/// A view is drawn anew with every call, for each row its own unless its comment says otherwise. No
/// gradient is meant to pass. Pictures are float `[N, C, H, W]` in 0 … 1, series `[N, C, T]`.
public protocol BatchView: Codable, Hashable, Sendable {
  /// A view of a batch.
  ///
  /// - Parameters:
  ///   - batch: the rows.
  ///   - generator: a generator of the CPU; the same state makes the same view.
  /// - Returns: a batch of the same number of rows, of the batch's dtype and device.
  func callAsFunction(_ batch: Tensor, generator: Generator) -> Tensor
}

extension BatchView {
  /// A number a row, drawn evenly from `range`: `[N]` float64.
  func numbers(_ batch: Tensor, in range: Range<Double>, generator: Generator) -> Tensor {
    // An empty range draws as well, so that what comes next does not depend on the strength.
    let share = Tensor.uniform([batch.size(along: 0)], generator: generator, dtype: .float64)
    return share * (range.upperBound - range.lowerBound) + range.lowerBound
  }

  /// `[N]` numbers beside the elements of a batch: of its dtype, device and number of axes.
  func spread(_ numbers: Tensor, over batch: Tensor) -> Tensor {
    numbers.converted(to: batch.dtype).moved(to: batch.device)
      .reshaped([-1] + [Int](repeating: 1, count: batch.dimensionCount - 1))
  }

  /// The rows of `changed` with the given probability each, those of `batch` otherwise.
  func mixed(
    _ batch: Tensor, _ changed: Tensor, probability: Double, generator: Generator
  ) -> Tensor {
    precondition(probability >= 0 && probability <= 1, "a probability of \(probability)")
    let chance = numbers(batch, in: 0..<1, generator: generator)
    let hit = chance.isLess(than: probability).moved(to: batch.device)
      .reshaped([-1] + [Int](repeating: 1, count: batch.dimensionCount - 1))
    return batch.replacing(where: hit, with: changed)
  }

  /// How bright pictures are: `[N, 1, H, W]`.
  ///
  /// - Source: Recommendation ITU-R BT.601-7, section 2.5.1.
  func luminance(_ batch: Tensor) -> Tensor {
    let shares = Tensor([0.299, 0.587, 0.114], shape: [1, 3, 1, 1])
    return (batch * shares.converted(to: batch.dtype).moved(to: batch.device))
      .sum(along: 1, keepingDimensions: true)
  }

  /// Ends the process unless the batch holds pictures.
  func requirePictures(_ batch: Tensor) {
    precondition(
      batch.dimensionCount == 4 && batch.dtype.isFloatingPoint,
      "\(batch.shape) of \(batch.dtype), expected real numbers [N, C, H, W]")
  }

  /// Ends the process unless the batch holds series.
  func requireSeries(_ batch: Tensor) {
    precondition(
      batch.dimensionCount == 3 && batch.dtype.isFloatingPoint,
      "\(batch.shape) of \(batch.dtype), expected real numbers [N, C, T]")
  }
}
