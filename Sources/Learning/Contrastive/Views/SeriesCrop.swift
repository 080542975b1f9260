public import Torch

/// Crops a random window from each series and stretches it to the full length.
///
/// The window has ℓ = ⌈a T⌉ steps with a drawn for each series, and a random start; values between
/// steps are interpolated linearly, and its first and last step are preserved:
///
///     y(t) = x(start + t (ℓ − 1) / (T − 1))
///
/// - Paper: Le Guennec, Malinowski, Tavenard. Data Augmentation for Time Series Classification using
///   Convolutional Neural Networks. AALTD 2016, section 3 (window slicing).
///   <https://shs.hal.science/halshs-01357973>
/// - Gradient: reaches the series.
/// - Units: those of the series.
/// - Departures: the paper's windows keep their length (90 % of the series') and are classified
///   separately; here they are stretched, as in Iwana, Uchida. An empirical survey of data
///   augmentation for time series classification. PLOS ONE 2021. The range of a is ours.
public struct SeriesCrop: BatchView {
  /// The minimum share a of a series, above 0; default 0.5, ours.
  public var smallestShare: Double

  /// Creates a view with a minimum share.
  public init(smallestShare: Double = 0.5) { self.smallestShare = smallestShare }

  /// A view of series `[N, C, T]`.
  ///
  /// - Precondition: the minimum share is above 0 and at most 1; T ≥ 2.
  public func callAsFunction(_ batch: Tensor, generator: Generator) -> Tensor {
    requireSeries(batch)
    let length = batch.size(along: 2)
    precondition(
      smallestShare > 0 && smallestShare <= 1 && length >= 2,
      "a share of \(smallestShare) of \(length) steps")
    let shares = numbers(batch, in: smallestShare..<1, generator: generator).doubles()
    let starts = numbers(batch, in: 0..<1, generator: generator).doubles()
    var (before, parts): ([Int], [Double]) = ([], [])
    for (share, start) in zip(shares, starts) {
      // At least two steps, to have something to stretch.
      let count = max(Int((share * Double(length)).rounded(.up)), 2)
      let first = Int(start * Double(length - count + 1))
      for step in 0..<length {
        let place = Double(step * (count - 1)) / Double(length - 1)
        let whole = min(Int(place), count - 2)
        before.append(first + whole)
        parts.append(place - Double(whole))
      }
    }
    let weights = Tensor(parts, shape: [shares.count, 1, length]).converted(to: batch.dtype)
      .moved(to: batch.device)
    func steps(_ places: [Int]) -> Tensor {
      batch.gathered(
        at: Tensor(places, shape: [shares.count, 1, length]).moved(to: batch.device)
          .expanded(to: batch.shape), along: 2)
    }
    let (left, right) = (steps(before), steps(before.map { $0 + 1 }))
    return left + (right - left) * weights
  }
}
