public import Torch

/// A surrogate complementary loss: the probability of a class that the example does not have, made
/// small.
///
/// With pᵢ the softmax of row i's logits and k̄ᵢ its complementary label:
///
///     NL:  L = −(1 / N) Σᵢ log(1 − pᵢ(k̄ᵢ))
///     EXP: L =  (1 / N) Σᵢ exp(pᵢ(k̄ᵢ))
///
/// - Inputs: complementary labels
/// - Paper: Chou, Niu, Lin, Sugiyama. Unbiased Risk Estimators Can Mislead: A Case Study of Learning
///   with Complementary Labels. ICML 2020. <https://arxiv.org/abs/2007.02235>
/// - Gradient: reaches all logits.
/// - Units: nats for NL, none for EXP; averaged over rows. At equal logits of K classes NL is
///   log(K / (K − 1)).
/// - Departures: log(1 − p) is the log-sum-exp over the other classes, without the 1e-6 that the code
///   of libcll adds.
public struct SCLLoss: Codable, Hashable, Sendable {
  /// The surrogate.
  public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
    /// The negative logarithm of 1 − p.
    case negativeLog
    /// The exponential of p.
    case exponential
  }

  /// The surrogate.
  public var kind: Kind

  /// Creates the loss.
  public init(kind: Kind = .negativeLog) { self.kind = kind }

  /// The loss of rows with one complementary label each.
  ///
  /// - Parameters:
  ///   - logits: `[N, K]`.
  ///   - complements: a class of each row that is not the row's.
  /// - Returns: a scalar.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one complementary label per row, N > 0, K ≥ 2.
  public func callAsFunction(logits: Tensor, complements: [Int]) throws -> Tensor {
    let denied = complementIndices(complements, of: logits)
    return try checked {
      let logs = logits.logSoftmax(along: 1)
      switch kind {
      case .negativeLog:
        return -logs.scattering(-.infinity, at: denied, along: 1).logSumExp(along: 1).mean()
      case .exponential:
        return logs.gathered(at: denied, along: 1).exp().exp().mean()
      }
    }
  }
}
