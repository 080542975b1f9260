public import Torch

/// Trains `LaSONetworks` to mirror set operations on labels by operations on feature vectors.
///
/// A classifier, shared with real feature vectors, predicts the labels of a result. With a, b two
/// vectors, A, B their labels, and U, I, S the networks, the results and their target labels are
///
///     U(a,b) : A ∪ B     I(a,b) : A ∩ B     S(a,b) : A ∖ B     U(S(a, I(b,a)), I(a,b)) : A
///
/// and the same with a and b exchanged; with `tautologyWeight` also
///
///     U(U(a,b), b) : A ∪ B        I(I(a,b), b) : A ∩ B
///     S(S(a,b), b), S(a, I(a,b)), S(a, I(b,a)) : A ∖ B
///
/// Let C be the sum of the cross-entropies of all these and of a and b themselves. Let R be the sum
/// of mean squared differences between U, and between I, in either order, between a and its
/// reconstruction, and, with `tautologyWeight`, between S(a,b) and its three equivalents:
///
///     L = C + w R
///
/// - Inputs: label sets
/// - Paper: Alfassy, Karlinsky, Aides, Shtok, Harary, Feris, Giryes, Bronstein. LaSO: Label-Set
///   Operations networks for multi-label few-shot learning. CVPR 2019, section 3.1.
///   <https://arxiv.org/abs/1902.09811>
/// - Gradient: reaches the networks, the classifier and both vectors; freeze those that should not
///   train.
/// - Units: nats, the mean over labels and pairs of each term, then the sum of the terms.
/// - Departures: the reconstruction uses S(a, I(b,a)) where the paper has S(a,b), as the authors'
///   training script does. That script drops R's differences of S wherever those of I are exactly
///   0; this does not.
/// - Degenerate: without pairs or labels the loss is 0.
public struct LaSOLoss: Codable, Hashable, Sendable {
  /// The weight w of the mean squared differences; default 1, from the authors.
  public var reconstructionWeight: Double
  /// The weight of the terms of nested operations; default 1, from the authors.
  public var tautologyWeight: Double

  /// Creates the loss.
  public init(reconstructionWeight: Double = 1, tautologyWeight: Double = 1) {
    self.reconstructionWeight = reconstructionWeight
    self.tautologyWeight = tautologyWeight
  }

  /// The loss of a batch of pairs.
  ///
  /// - Parameters:
  ///   - networks: the networks to train.
  ///   - first: `[B, D]`, the vectors a.
  ///   - second: `[B, D]`, the vectors b.
  ///   - firstLabels: `[B, L]`, 1 for the labels of a, else 0, in the vectors' dtype.
  ///   - secondLabels: the same for b.
  ///   - classifier: `[N, D]` → `[N, L]`, logits.
  /// - Returns: a scalar.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes match.
  /// - Complexity: twenty forward passes through a network and as many through the classifier.
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

  /// The terms of a pair as seen from one of its vectors.
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
