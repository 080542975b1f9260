public import Torch

/// Scales each channel of a series by a random factor.
///
///     y(c, t) = (1 + σ ε(c)) x(c, t)     ε normal with variance 1
///
/// - Paper: Um et al. Data Augmentation of Wearable Sensor Data for Parkinson's Disease Monitoring
///   using Convolutional Neural Networks. ICMI 2017, section 3.
///   <https://arxiv.org/abs/1706.00527>
/// - Gradient: reaches the series.
/// - Units: those of the series.
/// - Departures: none.
public struct SeriesScaling: BatchView {
  /// The factors' standard deviation σ; default 0.1, from the authors' code.
  public var deviation: Double

  /// Creates a view with a standard deviation.
  public init(deviation: Double = 0.1) { self.deviation = deviation }

  /// A view of series `[N, C, T]`.
  public func callAsFunction(_ batch: Tensor, generator: Generator) -> Tensor {
    requireSeries(batch)
    let noise = Tensor.normal(
      [batch.size(along: 0), batch.size(along: 1), 1], generator: generator, dtype: .float64)
    return batch * (1 + noise * deviation).converted(to: batch.dtype).moved(to: batch.device)
  }
}
