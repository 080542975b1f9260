internal import Foundation
public import Torch

/// Finds noisy and mismatched positive pairs from the history of their losses, and downweights
/// them.
///
/// Noisy pairs are learnt too easily, mismatched ones hardly at all. With L(i, e) the loss of pair
/// i in epoch e of E, counted from 1, n the number of epochs done, and μ and σ the mean and
/// standard deviation of all M:
///
///     M(i) = (1 / n) Σₑ (e / E) L(i, e)
///     w(i) = exp(−(L(i) − μ)² / 2σ²) / (σ √(2π))     if M(i) ≤ μ − β₁ σ or M(i) ≥ μ + β₂ σ
///     w(i) = 1                                       otherwise
///
/// The losses of a batch are multiplied by w. This works with any method that has one loss per
/// pair.
///
/// - Paper: Lan, Yan, Hong, Feng. Towards Enhancing Time Series Contrastive Learning: A Dynamic Bad
///   Pair Mining Approach. ICLR 2024. <https://arxiv.org/abs/2302.03357>
/// - Gradient: none through the weights.
/// - Units: weights are densities, at most 1 / (σ √(2π)).
/// - Departures: none from the authors' code, which also divides by the number of epochs and not by
///   the sum of the weights e / E. Only sums are stored, not the history.
/// - Degenerate: pairs without a loss so far do not enter μ and σ and have weight 1; if σ = 0, all
///   weights are 1.
public struct DynamicBadPairMining: Codable, Hashable, Sendable {
  /// The total number of training epochs, E.
  public let epochs: Int
  /// The number of epochs before pairs are reweighted; the authors use 50 of 80.
  public let warmUp: Int
  /// β₁: how many standard deviations below the mean a noisy pair is; default 2, from the authors'
  /// code.
  public let noisyCut: Double
  /// β₂: how many standard deviations above the mean a mismatched pair is; default 3, from the
  /// authors' run command, which overrides the 2 in their code.
  public let faultyCut: Double

  private var sums: [Double]
  private var counts: [Int]
  private var finished = 0
  private var mean = 0.0
  private var deviation = 0.0
  private var bad: Set<Int> = []

  /// Creates a miner without history.
  ///
  /// - Parameter pairCount: the number of pairs in the data set.
  /// - Precondition: E > 0.
  public init(
    pairCount: Int, epochs: Int, warmUp: Int, noisyCut: Double = 2, faultyCut: Double = 3
  ) {
    precondition(epochs > 0, "\(epochs) epochs")
    self.epochs = epochs
    self.warmUp = warmUp
    self.noisyCut = noisyCut
    self.faultyCut = faultyCut
    sums = [Double](repeating: 0, count: pairCount)
    counts = [Int](repeating: 0, count: pairCount)
  }

  /// The pairs considered bad in this epoch, in ascending order.
  public var badPairs: [Int] { bad.sorted() }

  /// Records the losses of a batch and returns their weights.
  ///
  /// - Parameters:
  ///   - losses: `[B]`.
  ///   - pairs: the index of each pair in the data set.
  /// - Returns: `[B]`, constants.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one pair per loss, each below the number of pairs.
  public mutating func weights(losses: Tensor, of pairs: [Int]) throws -> Tensor {
    precondition(losses.shape == [pairs.count], "\(pairs.count) pairs, losses \(losses.shape)")
    let values = losses.detached().doubles()
    var weights = [Double](repeating: 1, count: pairs.count)
    for (index, (pair, value)) in zip(pairs, values).enumerated() {
      counts[pair] += 1
      sums[pair] += value * Double(counts[pair]) / Double(epochs)
      if bad.contains(pair) {
        let distance = (value - mean) / deviation
        weights[index] = exp(-distance * distance / 2) / (deviation * (2 * Double.pi).squareRoot())
      }
    }
    return try checked {
      Tensor(weights).converted(to: losses.dtype).moved(to: losses.device)
    }
  }

  /// Ends an epoch: judges all pairs by their losses so far.
  public mutating func finishEpoch() {
    finished += 1
    bad = []
    guard finished >= warmUp else { return }
    let seen = counts.indices.filter { counts[$0] > 0 }
    let means = seen.map { sums[$0] / Double(counts[$0]) }
    guard !means.isEmpty else { return }
    mean = means.reduce(0, +) / Double(means.count)
    deviation =
      (means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(means.count)).squareRoot()
    guard deviation > 0 else { return }
    for (pair, value) in zip(seen, means)
    where value <= mean - noisyCut * deviation || value >= mean + faultyCut * deviation {
      bad.insert(pair)
    }
  }
}
