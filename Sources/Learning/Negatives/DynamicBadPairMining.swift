internal import Foundation
public import Torch

/// Finds positive pairs that are noise or do not belong together, by how their loss went so far, and
/// makes them count less.
///
/// Noisy pairs are learnt too easily, faulty ones hardly at all. With L(i, e) the loss of pair i in
/// epoch e of E, counted from 1, and n epochs done, μ and σ the mean and deviation of all M:
///
///     M(i) = (1 / n) Σₑ (e / E) L(i, e)
///     w(i) = exp(−(L(i) − μ)² / 2σ²) / (σ √(2π))     where M(i) ≤ μ − β₁ σ or M(i) ≥ μ + β₂ σ
///     w(i) = 1                                       elsewhere
///
/// Losses of a batch are multiplied by w. It works on the losses of any method with one number a pair.
///
/// - Paper: Lan, Yan, Hong, Feng. Towards Enhancing Time Series Contrastive Learning: A Dynamic Bad
///   Pair Mining Approach. ICLR 2024. <https://arxiv.org/abs/2302.03357>
/// - Gradient: none reaches the weights.
/// - Units: weights are densities, at most 1 / (σ √(2π)).
/// - Departures: none from the authors' code, which also divides by the number of epochs and not by
///   the sum of the weights e / E. Only sums are kept, not the history.
/// - Degenerate: pairs without any loss are in neither mean and weigh 1; with σ = 0 all do.
public struct DynamicBadPairMining: Codable, Hashable, Sendable {
  /// The number of epochs of the whole training, E.
  public let epochs: Int
  /// After how many epochs pairs are weighted; the authors take 50 of 80.
  public let warmUp: Int
  /// How many deviations below the mean a noisy pair is, β₁; 2, the default, is the authors' code's.
  public let noisyCut: Double
  /// How many deviations above the mean a faulty pair is, β₂; 3, the default, is that of the authors'
  /// run command, which overrides the 2 of their argument.
  public let faultyCut: Double

  private var sums: [Double]
  private var counts: [Int]
  private var finished = 0
  private var mean = 0.0
  private var deviation = 0.0
  private var bad: Set<Int> = []

  /// Starts without any history.
  ///
  /// - Parameter pairCount: how many pairs the data set has.
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

  /// The pairs that are taken to be bad in this epoch, in rising order.
  public var badPairs: [Int] { bad.sorted() }

  /// Takes the losses of a batch in and tells how much each counts.
  ///
  /// - Parameters:
  ///   - losses: `[B]`.
  ///   - pairs: the number of each in the data set.
  /// - Returns: `[B]`, constants.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: a pair a loss, below the number of pairs.
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

  /// Ends an epoch: judges all pairs by what they lost so far.
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
