public import Torch

/// An unbiased estimate of the cross-entropy from uniform complementary labels, with two corrections.
///
/// With ℓᵢ(j) = −log pᵢ(j), π̄ₖ the prior of complementary label k and X̄ₖ the rows that have it:
///
///     rⱼ = Σₖ π̄ₖ mean_{X̄ₖ} ℓ(j) − (K − 1) π̄ⱼ mean_{X̄ⱼ} ℓ(j)
///     unbiased:        L = Σⱼ rⱼ
///     non-negative:    L = Σⱼ max(0, rⱼ)
///     gradient ascent: L = Σⱼ rⱼ if all rⱼ ≥ 0, else −Σⱼ min(0, rⱼ)
///
/// The sum of the rⱼ estimates the risk, and rⱼ the part of class j, which cannot be negative.
///
/// - Inputs: complementary labels
/// - Paper: Ishida, Niu, Menon, Sugiyama. Complementary-Label Learning for Arbitrary Losses and
///   Models. ICML 2019. <https://arxiv.org/abs/1810.04327>
/// - Gradient: reaches all logits; the non-negative form has none from a class with rⱼ < 0, and
///   gradient ascent only from those.
/// - Units: nats; the unbiased form has no lower bound.
/// - Departures: none from the equation. For gradient ascent the authors' code weighs the negative rⱼ
///   by the number of rows with label j; a label that no row has counts as 0, as there.
public struct ComplementaryRiskLoss: Codable, Hashable, Sendable {
  /// The treatment of negative parts.
  public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
    /// The estimate as it is.
    case unbiased
    /// Negative parts count as 0.
    case nonNegative
    /// Negative parts are raised, and alone.
    case gradientAscent
  }

  /// π̄, the share of each complementary label in the training set.
  public var priors: [Double]
  /// The treatment of negative parts.
  public var kind: Kind

  /// Creates the loss.
  public init(priors: [Double], kind: Kind = .gradientAscent) {
    self.priors = priors
    self.kind = kind
  }

  /// The loss of rows with one complementary label each.
  ///
  /// - Parameters:
  ///   - logits: `[N, K]`.
  ///   - complements: a class of each row that is not the row's.
  /// - Returns: a scalar.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one complementary label per row, one prior per class, N > 0.
  public func callAsFunction(logits: Tensor, complements: [Int]) throws -> Tensor {
    let classes = logits.size(along: 1)
    precondition(priors.count == classes, "\(priors.count) priors for \(classes) classes")
    let denied = complementIndices(complements, of: logits)
    var counts = [Double](repeating: 0, count: classes)
    for complement in complements { counts[complement] += 1 }
    let weights = complements.map { priors[$0] / counts[$0] }
    return try checked {
      let losses = -logits.logSoftmax(along: 1)  // [N, K]
      let weighted =
        losses
        * Tensor(weights, shape: [weights.count, 1]).converted(to: logits.dtype)
        .moved(to: logits.device)
      let own = denied.squeezed(along: 1).oneHot(classes: classes).converted(to: logits.dtype)
      let parts = (weighted * (1 - Double(classes - 1) * own)).sum(along: 0)  // [K]
      switch kind {
      case .unbiased: return parts.sum()
      case .nonNegative: return parts.relu().sum()
      case .gradientAscent:
        let negative = (-parts).relu()
        return parts.detached().isLess(than: 0).anyTrue() ? negative.sum() : parts.sum()
      }
    }
  }
}
