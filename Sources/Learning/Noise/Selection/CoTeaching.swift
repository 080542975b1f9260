public import Torch

/// The choice of probably clean examples by which two networks teach each other.
///
/// Each network proposes the examples of the batch on which its loss is smallest, and learns from
/// those that the other proposes. Of N examples in epoch e, counted from 0:
///
///     ⌊(1 − R(e)) N⌋ are kept,  R(e) = τ min(e / (E − 1), 1)
///
/// - Paper: Han, Yao, Yu, Niu, Xu, Hu, Tsang, Sugiyama. Co-teaching: Robust Training of Deep Neural
///   Networks with Extremely Noisy Labels. NeurIPS 2018, algorithm 1.
///   <https://arxiv.org/abs/1804.06872>
/// - Gradient: reaches the losses of the kept examples.
/// - Units: those of the losses, averaged over the kept examples.
/// - Departures: the paper has R(e) = τ min(e / E, 1); this is the code of Chen and others,
///   <https://arxiv.org/abs/2104.13766>.
/// - Degenerate: if no example is kept, the losses are 0 with gradient 0.
public struct CoTeaching: Codable, Hashable, Sendable {
  /// The share τ of examples to leave out in the end, 0 … 1; default 0.2, that of Chen and others.
  ///
  /// The authors take the share of wrong labels.
  public var forgetRate: Double
  /// The number E of epochs until it is reached; default 5, that of Chen and others.
  public var gradualEpochs: Int

  /// Creates the choice.
  public init(forgetRate: Double = 0.2, gradualEpochs: Int = 5) {
    self.forgetRate = forgetRate
    self.gradualEpochs = gradualEpochs
  }

  /// R, the share to leave out in an epoch, counted from 0.
  public func rate(epoch: Int) -> Double {
    precondition((0...1).contains(forgetRate), "the forget rate \(forgetRate) is outside 0 … 1")
    guard epoch < gradualEpochs else { return forgetRate }
    return gradualEpochs > 1 ? forgetRate * Double(epoch) / Double(gradualEpochs - 1) : 0
  }

  /// The examples with the smallest losses, ascending by loss and then by index.
  public func kept(of losses: [Double], epoch: Int) -> [Int] {
    let order = losses.indices.sorted { (losses[$0], $0) < (losses[$1], $1) }
    return Array(order.prefix(Int((1 - rate(epoch: epoch)) * Double(losses.count))))
  }

  /// The losses that two networks minimise, scalars.
  ///
  /// - Parameters:
  ///   - first: the first network's loss of each example, `[N]`.
  ///   - second: the second network's, `[N]`.
  ///   - epoch: the epoch, counted from 0.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: as many losses of both; 0 ≤ τ ≤ 1.
  public func callAsFunction(first: Tensor, second: Tensor, epoch: Int) throws -> (
    first: Tensor, second: Tensor
  ) {
    precondition(
      first.dimensionCount == 1 && first.shape == second.shape,
      "losses of shapes \(first.shape) and \(second.shape)")
    return try checked {
      let (own, other) = (
        kept(of: first.doubles(), epoch: epoch), kept(of: second.doubles(), epoch: epoch)
      )
      return (Self.mean(first, over: other), Self.mean(second, over: own))
    }
  }

  private static func mean(_ losses: Tensor, over kept: [Int]) -> Tensor {
    guard !kept.isEmpty else { return (losses * 0).sum() }
    return losses.gathered(rows: Tensor(kept).moved(to: losses.device)).mean()
  }
}
