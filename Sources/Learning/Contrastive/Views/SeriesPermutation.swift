public import Torch

/// Cuts series into pieces and joins them in random order.
///
/// The number of pieces is drawn from 1 … K for each series; their lengths differ by at most one
/// step, the longer ones first. All channels are cut alike.
///
/// - Paper: Um et al. Data Augmentation of Wearable Sensor Data for Parkinson's Disease Monitoring
///   using Convolutional Neural Networks. ICMI 2017, section 3.
///   <https://arxiv.org/abs/1706.00527>
/// - Gradient: reaches the series.
/// - Units: those of the series.
/// - Departures: the paper's code also draws the cut points; equal pieces and a random number of
///   them follow TS-TCC (Eldele et al. Time-Series Representation Learning via Temporal and
///   Contextual Contrasting. IJCAI 2021. <https://arxiv.org/abs/2106.14112>).
public struct SeriesPermutation: BatchView {
  /// The maximum number K ≥ 1 of pieces; default 5, from TS-TCC.
  public var largestCount: Int

  /// Creates a view with a maximum number of pieces.
  public init(largestCount: Int = 5) { self.largestCount = largestCount }

  /// A view of series `[N, C, T]`.
  ///
  /// - Precondition: 1 ≤ K ≤ T.
  public func callAsFunction(_ batch: Tensor, generator: Generator) -> Tensor {
    requireSeries(batch)
    let (rows, length) = (batch.size(along: 0), batch.size(along: 2))
    precondition(
      (1...max(length, 1)).contains(largestCount), "\(largestCount) pieces of \(length) steps")
    let counts = Tensor.integers([rows], in: 1..<(largestCount + 1), generator: generator)
      .array(of: Int64.self).map(Int.init)
    let keys = Tensor.uniform([rows, largestCount], generator: generator, dtype: .float64).doubles()
    var places: [Int] = []
    places.reserveCapacity(rows * length)
    for (row, count) in counts.enumerated() {
      let order = (0..<count).sorted {
        keys[row * largestCount + $0] < keys[row * largestCount + $1]
      }
      let (short, longer) = (length / count, length % count)
      for piece in order {
        let start = piece * short + min(piece, longer)
        places += start..<(start + short + (piece < longer ? 1 : 0))
      }
    }
    let indices = Tensor(places, shape: [rows, 1, length]).moved(to: batch.device)
      .expanded(to: batch.shape)
    return batch.gathered(at: indices, along: 2)
  }
}
