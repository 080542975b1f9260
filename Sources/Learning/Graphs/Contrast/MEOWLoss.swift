import Foundation
public import Torch

/// Contrasts a coarse and a fine view of the nodes of a heterogeneous graph, with weights for negatives
/// from clusters.
///
/// With the coarse and fine embeddings a, z of N nodes, M divisions of the nodes into clusters, the
/// number γᵢⱼ of them that put i and j into different ones, and the prototypes c and spreads φ of a
/// division with K clusters, of which node i is in k(i):
///
///     loss = I + λ · mean over divisions of P
///     I    = mean over i of −log (e^(aᵢ·zᵢ/τ) / Σⱼ γᵢⱼ e^(aᵢ·zⱼ/τ))
///     P    = mean over i of −log (e^(aᵢ·c[k(i)]/φ[k(i)]) / (N / K · Σₖ e^(aᵢ·cₖ/φₖ)))
///
/// A node that no division tells from another has no negative and counts 0 in I.
///
/// - Paper: Yu, Ge, Li, Zhou. Heterogeneous Graph Contrastive Learning with Meta-path Contexts and
///   Adaptively Weighted Negative Samples. TKDE 2024 (MEOW: SDM 2023).
///   <https://arxiv.org/abs/2212.13847>
/// - Gradient: reaches both views; clusters are held fixed.
/// - Inputs: two views.
/// - Units: nats.
/// - Departures: written from the authors' code; the paper's equations were not at hand. A node without
///   negatives has an infinite loss there.
public struct MEOWLoss: Codable, Hashable, Sendable {
  /// τ; default 0.4, the authors' code for ACM (0.9 for DBLP).
  public var temperature: Double
  /// λ; default 1, the authors' code.
  public var prototypeWeight: Double

  /// Creates a loss.
  ///
  /// - Precondition: `temperature` is positive.
  public init(temperature: Double = 0.4, prototypeWeight: Double = 1) {
    precondition(temperature > 0, "a temperature of \(temperature)")
    self.temperature = temperature
    self.prototypeWeight = prototypeWeight
  }

  /// The loss.
  ///
  /// - Parameters:
  ///   - coarse: a, `[N, D]` of length 1.
  ///   - fine: z, `[N, D]` of length 1.
  ///   - clusters: the divisions, of `fine`.
  /// - Precondition: the shapes agree; there is a division.
  /// - Complexity: O(N² · D) time, O(N²) memory.
  public func callAsFunction(coarse: Tensor, fine: Tensor, clusters: [NodeClusters]) -> Tensor {
    precondition(
      coarse.shape == fine.shape && !clusters.isEmpty
        && clusters.allSatisfy { $0.assignments.count == coarse.size(along: 0) },
      "views \(coarse.shape) and \(fine.shape) with \(clusters.count) divisions")
    let weights = Self.weights(clusters, dtype: coarse.dtype)
    let negatives = weights.sum(along: 1).isGreater(than: 0)
    // A row of zeros would have a logarithm of 0; it is left out below.
    let logarithms = weights.log().replacing(
      where: negatives.logicalNot().expandingDimension(at: 1), with: 0)
    let scores = coarse.matmul(fine.transposed()) * (1 / temperature)
    let own = (coarse * fine).sum(along: 1) * (1 / temperature)
    let each =
      ((scores + logarithms).logSumExp(along: 1) - own)
      * negatives.converted(to: coarse.dtype)
    let prototypes = clusters.map { Self.prototypeLoss(coarse, $0) }
    let sum = prototypes.dropFirst().reduce(prototypes[0], +)
    return each.mean() + sum * (prototypeWeight / Double(clusters.count))
  }

  /// γ, `[N, N]`.
  static func weights(_ clusters: [NodeClusters], dtype: DType) -> Tensor {
    let count = clusters.first?.assignments.count ?? 0
    return clusters.reduce(Tensor.full([count, count], Double(clusters.count), dtype: dtype)) {
      let member = Tensor($1.assignments.map(Int64.init))
        .oneHot(classes: $1.prototypes.size(along: 0)).converted(to: dtype)
      return $0 - member.productWithTransposed(member)
    }
  }

  private static func prototypeLoss(_ coarse: Tensor, _ clusters: NodeClusters) -> Tensor {
    let scores =
      coarse.matmul(clusters.prototypes.detached().transposed())
      / clusters.concentrations.detached()
    let classes = Tensor(clusters.assignments.map(Int64.init))
    let ratio =
      Double(coarse.size(along: 0)) / Double(clusters.prototypes.size(along: 0))
    return scores.crossEntropy(ofClasses: classes) + log(ratio)
  }
}
