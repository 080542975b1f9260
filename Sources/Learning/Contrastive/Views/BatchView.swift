public import Torch

/// A random transformation of a batch that preserves the content of its rows.
///
/// Every call draws new transformations, one per row unless documented otherwise. No gradient is
/// expected to pass. Images are float `[N, C, H, W]` in 0 … 1, series `[N, C, T]`.
public protocol BatchView: Codable, Hashable, Sendable {
  /// A view of a batch.
  ///
  /// - Parameters:
  ///   - batch: the rows to transform.
  ///   - generator: a CPU generator; the same state gives the same view.
  /// - Returns: a batch of as many rows, with the batch's dtype and device.
  func callAsFunction(_ batch: Tensor, generator: Generator) -> Tensor
}

extension BatchView {
  /// One number per row, drawn uniformly from `range`: `[N]` float64.
  func numbers(_ batch: Tensor, in range: Range<Double>, generator: Generator) -> Tensor {
    // An empty range also draws, so that later draws do not depend on the strength.
    let share = Tensor.uniform([batch.size(along: 0)], generator: generator, dtype: .float64)
    return share * (range.upperBound - range.lowerBound) + range.lowerBound
  }

  /// `[N]` numbers as a tensor that broadcasts over a batch, with its dtype, device and number of
  /// axes.
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

  /// The luminance of images: `[N, 1, H, W]`.
  ///
  /// - Source: Recommendation ITU-R BT.601-7, section 2.5.1.
  func luminance(_ batch: Tensor) -> Tensor {
    let shares = Tensor([0.299, 0.587, 0.114], shape: [1, 3, 1, 1])
    return (batch * shares.converted(to: batch.dtype).moved(to: batch.device))
      .sum(along: 1, keepingDimensions: true)
  }

  /// Traps unless the batch holds images.
  func requirePictures(_ batch: Tensor) {
    precondition(
      batch.dimensionCount == 4 && batch.dtype.isFloatingPoint,
      "\(batch.shape) of \(batch.dtype), expected real numbers [N, C, H, W]")
  }

  /// Traps unless the batch holds series.
  func requireSeries(_ batch: Tensor) {
    precondition(
      batch.dimensionCount == 3 && batch.dtype.isFloatingPoint,
      "\(batch.shape) of \(batch.dtype), expected real numbers [N, C, T]")
  }
}
