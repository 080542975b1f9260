public import Torch

/// What makes `LaSONetworks` do to feature vectors what set operations do to their labels.
///
/// A classifier that the results share with real feature vectors says which labels a result has.
/// With a, b two vectors, A, B their labels, and U, I, S the networks, the pairs of a result and the
/// labels that it must have are
///
///     U(a,b) : A ∪ B     I(a,b) : A ∩ B     S(a,b) : A ∖ B     U(S(a, I(b,a)), I(a,b)) : A
///
/// and the same with a and b exchanged; with `tautologyWeight`, so are
///
///     U(U(a,b), b) : A ∪ B        I(I(a,b), b) : A ∩ B
///     S(S(a,b), b), S(a, I(a,b)), S(a, I(b,a)) : A ∖ B
///
/// Let C be the sum of all the cross-entropies of these, with those of a and b themselves, and R the
/// sum of mean squared differences: of U and of I in either order, of a and what was rebuilt of it,
/// and, with `tautologyWeight`, of S(a,b) and the three other ways to it:
///
///     L = C + w R
///
/// - Paper: Alfassy, Karlinsky, Aides, Shtok, Harary, Feris, Giryes, Bronstein. LaSO: Label-Set
///   Operations networks for multi-label few-shot learning. CVPR 2019, section 3.1.
///   <https://arxiv.org/abs/1902.09811>
/// - Gradient: reaches the networks, the classifier and both vectors; freeze what shall stay.
/// - Units: nats, the mean over labels and pairs of each term, then the sum of the terms.
/// - Departures: of the paper's terms the rebuilt vectors use S(a, I(b,a)) for S(a,b), as the
///   authors' training script does. That script leaves R's differences of S out where those of I
///   are exactly 0; not here.
/// - Degenerate: no pairs or no labels give 0.
public struct LaSOLoss: Codable, Hashable, Sendable {
  /// w of the mean squared differences; 1, the authors'.
  public var reconstructionWeight: Double
  /// How much the terms of nested operations count; 1, the authors'.
  public var tautologyWeight: Double

  /// Makes the loss.
  public init(reconstructionWeight: Double = 1, tautologyWeight: Double = 1) {
    self.reconstructionWeight = reconstructionWeight
    self.tautologyWeight = tautologyWeight
  }

  /// The loss of a batch of pairs.
  ///
  /// - Parameters:
  ///   - networks: what is trained.
  ///   - first: `[B, D]`, the vectors a.
  ///   - second: `[B, D]`, the vectors b.
  ///   - firstLabels: `[B, L]`, 1 for the labels of a, else 0, of the vectors' dtype.
  ///   - secondLabels: likewise for b.
  ///   - classifier: `[N, D]` → `[N, L]`, logits.
  /// - Returns: a number.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: the shapes fit.
  /// - Complexity: twenty passes through a network and as many through the classifier.
  public func callAsFunction(
    networks: LaSONetworks, first: Tensor, second: Tensor, firstLabels: Tensor,
    secondLabels: Tensor, classifier: (Tensor) -> Tensor
  ) throws -> Tensor {
    precondition(
      firstLabels.shape == secondLabels.shape && firstLabels.shape.first == first.shape.first,
      "labels \(firstLabels.shape) and \(secondLabels.shape) for \(first.shape)")
    guard firstLabels.elementCount > 0 else { return first.sum() * 0 }
    return try checked {
      let both = firstLabels * secondLabels
      let either = firstLabels + secondLabels - both
      let one = Side(networks, first, second, labels: firstLabels, only: firstLabels - both)
      let other = Side(networks, second, first, labels: secondLabels, only: secondLabels - both)
      var loss = (one.union - other.union).squared().mean() * reconstructionWeight
      loss = loss + (one.intersection - other.intersection).squared().mean() * reconstructionWeight
      for (side, opposite) in [(one, other), (other, one)] {
        loss = loss + terms(side, opposite, networks, either, both, classifier)
      }
      return loss
    }
  }

  /// A pair seen from one of its vectors.
  private struct Side {
    let vector: Tensor
    let partner: Tensor
    let labels: Tensor
    let only: Tensor
    let union: Tensor
    let intersection: Tensor
    let difference: Tensor

    init(
      _ networks: LaSONetworks, _ vector: Tensor, _ partner: Tensor, labels: Tensor, only: Tensor
    ) {
      self.vector = vector
      self.partner = partner
      self.labels = labels
      self.only = only
      union = networks(.union, vector, partner)
      intersection = networks(.intersection, vector, partner)
      difference = networks(.subtraction, vector, partner)
    }
  }

  private func terms(
    _ side: Side, _ opposite: Side, _ networks: LaSONetworks, _ either: Tensor, _ both: Tensor,
    _ classifier: (Tensor) -> Tensor
  ) -> Tensor {
    func entropy(_ vectors: Tensor, _ labels: Tensor) -> Tensor {
      let logits = classifier(vectors)
      return -((-logits).logSigmoid() + logits * labels).mean()
    }
    func difference(_ vectors: Tensor, _ others: Tensor) -> Tensor {
      (vectors - others).squared().mean()
    }
    let throughOpposite = networks(.subtraction, side.vector, opposite.intersection)
    let rebuilt = networks(.union, throughOpposite, side.intersection)
    let classified =
      entropy(side.vector, side.labels) + entropy(rebuilt, side.labels)
      + entropy(side.union, either) + entropy(side.intersection, both)
      + entropy(side.difference, side.only)
    var loss = classified + difference(side.vector, rebuilt) * reconstructionWeight
    guard tautologyWeight != 0 else { return loss }
    let throughOwn = networks(.subtraction, side.vector, side.intersection)
    let again = networks(.subtraction, side.difference, side.partner)
    let ways = [again, throughOwn, throughOpposite]
    loss =
      loss + entropy(networks(.union, side.union, side.partner), either) * tautologyWeight
      + entropy(networks(.intersection, side.intersection, side.partner), both) * tautologyWeight
    for way in ways {
      loss =
        loss + entropy(way, side.only) * tautologyWeight
        + difference(side.difference, way) * (reconstructionWeight * tautologyWeight)
    }
    return loss
  }
}
