public import Torch

/// A mix of the losses that compare a bag's mean response with its mean prediction and with each
/// prediction.
///
/// With bags a of kₐ rows, N rows in all, ȳₐ the mean response of a bag, f̄ₐ its mean prediction and
/// ρ the weight of the instance-level loss:
///
///     L_bag      = (1 / N) Σₐ kₐ ℓ(ȳₐ, f̄ₐ)
///     L_instance = (1 / N) Σₐ Σ_{i ∈ a} ℓ(ȳₐ, fᵢ)
///     L          = (1 − ρ) L_bag + ρ L_instance
///
/// For squared errors L_instance − L_bag is the variance of predictions within bags, so that ρ
/// weighs a regularizer of the bag-level loss:
///
///     L = L_bag + ρ (1 / N) Σₐ Σ_{i ∈ a} (fᵢ − f̄ₐ)²
///
/// - Inputs: aggregates of bags
/// - Paper: Javanmard, Chen, Mirrokni, Badanidiyuru, Fu. Learning from Aggregate Responses: Instance
///   Level versus Bag Level Loss Functions. ICLR 2024. <https://arxiv.org/abs/2401.11081>
/// - Gradient: reaches all predictions. That of the squared loss is exact for a batch of whole bags.
/// - Units: squared response, or nats; averaged over rows.
/// - Departures: neither the text of the paper nor code was available; the losses and their mix follow
///   the abstract. Bags count by their size, which keeps the identity above for bags of unlike
///   sizes; for equal sizes this is the mean over bags.
public struct AggregateResponseLoss: Codable, Hashable, Sendable {
  /// The loss ℓ of a prediction.
  public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
    /// (y − f)², for numeric responses.
    case squared
    /// The cross-entropy of logits f with mean responses from 0 to 1; f̄ₐ is the mean probability.
    case logistic
  }

  /// ρ from 0 to 1, the weight of the instance-level loss; 0 is the bag-level loss.
  public var instanceWeight: Double
  /// The loss ℓ.
  public var kind: Kind

  /// Creates the loss.
  public init(instanceWeight: Double, kind: Kind = .squared) {
    self.instanceWeight = instanceWeight
    self.kind = kind
  }

  /// The loss of the predictions for some bags.
  ///
  /// - Parameters:
  ///   - predictions: `[N]`, or logits.
  ///   - bags: the bags of the N rows.
  ///   - responses: the mean response of each bag.
  /// - Returns: a scalar.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one response per bag, one prediction per row, N > 0, ρ from 0 to 1; for
  ///   `logistic`, responses from 0 to 1.
  public func callAsFunction(predictions: Tensor, bags: Bags, responses: [Double]) throws -> Tensor
  {
    precondition((0...1).contains(instanceWeight), "weight \(instanceWeight), not from 0 to 1")
    precondition(
      predictions.shape == [bags.owners.count] && responses.count == bags.count
        && !responses.isEmpty,
      "predictions of shape \(predictions.shape) and \(responses.count) responses for \(bags.count)"
        + " bags of \(bags.owners.count) rows")
    return try checked {
      let column = predictions.expandingDimension(at: 1)
      let wanted = Tensor(responses, shape: [bags.count, 1]).converted(to: predictions.dtype)
        .moved(to: predictions.device)
      let each = wanted.gathered(rows: Tensor(bags.owners).moved(to: predictions.device))
      let instance: Tensor
      let bag: Tensor
      switch kind {
      case .squared:
        instance = (each - column).squared()
        bag = (wanted - bags.means(of: column)).squared()
      case .logistic:
        precondition(
          responses.allSatisfy { (0...1).contains($0) }, "a mean response outside 0 to 1")
        let logs = Tensor.concatenated([column.logSigmoid(), (-column).logSigmoid()], along: 1)
        func crossEntropy(_ share: Tensor, _ logs: Tensor) -> Tensor {
          -(Tensor.concatenated([share, 1 - share], along: 1) * logs)
            .sum(along: 1, keepingDimensions: true)
        }
        instance = crossEntropy(each, logs)
        bag = crossEntropy(wanted, bags.logMeans(of: logs))
      }
      return (1 - instanceWeight) * (bag * bags.weights(like: bag)).sum()
        + instanceWeight * instance.mean()
    }
  }
}
