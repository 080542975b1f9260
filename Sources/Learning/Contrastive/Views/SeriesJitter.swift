public import Torch

/// Adds noise to series.
///
///     y(c, t) = x(c, t) + σ ε(c, t)     ε normal with variance 1
///
/// - Paper: Um et al. Data Augmentation of Wearable Sensor Data for Parkinson's Disease Monitoring
///   using Convolutional Neural Networks. ICMI 2017, section 3.
///   <https://arxiv.org/abs/1706.00527>
/// - Gradient: reaches the series.
/// - Units: those of the series, which should have a variance of about 1.
/// - Departures: none.
public struct SeriesJitter: BatchView {
  /// The noise's standard deviation σ; default 0.05, from the authors' code.
  public var deviation: Double

  /// Creates a view with a noise level.
  public init(deviation: Double = 0.05) { self.deviation = deviation }

  /// A view of series `[N, C, T]`.
  public func callAsFunction(_ batch: Tensor, generator: Generator) -> Tensor {
    requireSeries(batch)
    let noise = Tensor.normal(batch.shape, generator: generator, dtype: .float64)
    return batch + noise.converted(to: batch.dtype).moved(to: batch.device) * deviation
  }
}
