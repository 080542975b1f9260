public import Torch

/// Prototypes of classes from the examples that their texts vouch for, and labels judged by them.
///
/// Texts select an example if its own is among the nearest to the definition of its class. With zᵢ
/// embeddings of unit length, c_y the prototype of class y (the mean of its selected embeddings, of
/// unit length), pᵢ the classifier's probabilities and yᵢ the given class of C:
///
///     sᵢ  = α pᵢ + (1 − α) softmax(zᵢ · c / τ)
///     yᵢ′ = argmax sᵢ if max sᵢ ≥ θ, else yᵢ if sᵢ(yᵢ) ≥ 1 / C, else none (the example is left out)
///     c_y ← m c_y + (1 − m) zᵢ for each example kept, then unit length
///
/// Collective bootstrapping looks a target up in a dictionary of embeddings d_j with their own s_j,
/// weighted by clipped cosines, and mixes it into the cross-entropy:
///
///     bᵢ ∝ Σⱼ (min(1, max(0, zᵢ · dⱼ)) + 1e-7) sⱼ
///     L  = (1 / N) Σᵢ ((1 − β) CE(fᵢ, yᵢ′) − β Σ_y bᵢ(y) log softmax(fᵢ)(y))
///
/// - Paper: Qin, Chen, Shen, Fu, Gu, Li, Sun, Ji. CAPro: Webly Supervised Learning with Cross-Modality
///   Aligned Prototypes. NeurIPS 2023. <https://arxiv.org/abs/2310.09761>
/// - Gradient: the loss reaches logits only; labels, prototypes and targets are constants.
/// - Units: probabilities; the loss in nats, averaged over rows.
/// - Departures: single-label form of the authors' code, whose defaults these are. Left out are the
///   completion of texts by visual neighbours with re-ranking, the instance and prototype contrasts
///   and the reconstruction: give the completed texts, and add `InfoNCELoss` and cross-entropies with
///   prototypes. Texts are compared by cosine.
public struct CAPro: Codable, Hashable, Sendable {
  /// K, the number of examples that texts select for each class.
  public var selection: Int
  /// The temperature τ > 0.
  public var temperature: Double
  /// α from 0 to 1, the share of the classifier in a judgement.
  public var modelShare: Double
  /// θ, the probability at which a label is corrected.
  public var threshold: Double
  /// m from 0 to 1.
  public var momentum: Double
  /// β from 0 to 1, the share of looked-up targets in the loss.
  public var bootstrapShare: Double

  /// Creates the method.
  public init(
    selection: Int = 50, temperature: Double = 0.1, modelShare: Double = 0.5,
    threshold: Double = 0.6, momentum: Double = 0.999, bootstrapShare: Double = 0.1
  ) {
    self.selection = selection
    self.temperature = temperature
    self.modelShare = modelShare
    self.threshold = threshold
    self.momentum = momentum
    self.bootstrapShare = bootstrapShare
  }

  /// The judgements s, `[N, C]`.
  public func judgements(logits: Tensor, embeddings: Tensor, prototypes: Tensor) throws -> Tensor {
    precondition(temperature > 0, "temperature \(temperature), not above 0")
    return try withoutGradients {
      try checked {
        modelShare * logits.softmax(along: 1) + (1 - modelShare)
          * (embeddings.normalized().matmul(prototypes.transposed()) / temperature)
          .softmax(along: 1)
      }
    }
  }

  /// The corrected class of each row; nil if it is left out.
  ///
  /// - Parameter judgements: `[N, C]`.
  public func cleaned(_ judgements: Tensor, classes: [Int]) -> [Int?] {
    let width = judgements.size(along: 1)
    let numbers = judgements.doubles()
    return classes.enumerated().map { row, given in
      let scores = numbers[row * width..<(row + 1) * width]
      let best = scores.indices.max { scores[$0] < scores[$1] } ?? scores.startIndex
      if scores[best] >= threshold { return best - scores.startIndex }
      return scores[scores.startIndex + given] >= 1 / Double(width) ? given : nil
    }
  }

  /// The targets b that rows look up, `[N, C]`.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`.
  ///   - dictionary: `[M, D]`.
  ///   - judgements: s of the dictionary's rows, `[M, C]`.
  public func targets(embeddings: Tensor, dictionary: Tensor, judgements: Tensor) throws -> Tensor {
    try withoutGradients {
      try checked {
        let weights =
          embeddings.normalized().matmul(dictionary.normalized().transposed())
          .clamped(from: 0, to: 1) + 1e-7
        let sums = weights.matmul(judgements)
        return sums / sums.sum(along: 1, keepingDimensions: true)
      }
    }
  }

  /// The loss of logits `[N, C]` with corrected classes and looked-up targets `[N, C]`.
  public func loss(logits: Tensor, classes: [Int], targets: Tensor) throws -> Tensor {
    try checked {
      let logs = logits.logSoftmax(along: 1)
      let hard = logits.crossEntropy(ofClasses: Tensor(classes).moved(to: logits.device))
      return (1 - bootstrapShare) * hard - bootstrapShare
        * (targets.detached() * logs).sum(along: 1).mean()
    }
  }
}
