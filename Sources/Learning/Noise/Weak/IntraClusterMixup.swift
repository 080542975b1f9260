internal import Kernels
public import Storage
public import Torch

/// Mixup of examples of one cluster only, for complementary labels.
///
/// For λ ~ Beta(α, α), drawn for each batch, and j a random row of row i's cluster in the batch:
///
///     x̃ᵢ = λ xᵢ + (1 − λ) xⱼ
///     L̃  = λ L(f(x̃), k̄ᵢ) + (1 − λ) L(f(x̃), k̄ⱼ)
///
/// Neighbours mostly have the same class, so that a complementary label of one holds for the other;
/// ordinary mixup, which is that of a single cluster, often denies the true class of an example.
///
/// - Paper: Mai, Lin. Intra-Cluster Mixup: An Effective Data Augmentation Technique for
///   Complementary-Label Learning. 2025. <https://arxiv.org/abs/2509.17971>
/// - Gradient: that of the loss; inputs are mixed linearly.
/// - Units: those of the loss.
/// - Departures: the paper's text was not available; this is the authors' code. Versions of it permute
///   the rows of a cluster or draw partners with repetition; rows are permuted here. Clusters come
///   from the caller: the authors use k-means of SimSiam embeddings, with k = 50.
public struct IntraClusterMixup: Codable, Hashable, Sendable {
  /// α > 0 of the beta distribution; default 0.2, that of the authors' commands.
  public var concentration: Double

  /// Creates the mixup.
  public init(concentration: Double = 0.2) { self.concentration = concentration }

  /// The partner of each row of a batch, and the share of the row itself.
  public struct Mixture: Hashable, Sendable {
    /// λ from 0 to 1.
    public var share: Double
    /// The partner of each row; the row itself if it is alone in its cluster.
    public var partners: [Int]

    /// Creates a mixture.
    public init(share: Double, partners: [Int]) {
      self.share = share
      self.partners = partners
    }

    /// The mixed inputs of a batch `[N, …]`.
    ///
    /// - Throws: `TorchError` if libtorch fails.
    /// - Precondition: one partner per row.
    public func inputs(_ inputs: Tensor) throws -> Tensor {
      precondition(
        inputs.size(along: 0) == partners.count,
        "inputs of shape \(inputs.shape) for \(partners.count) partners")
      return try checked {
        share * inputs
          + (1 - share) * inputs.gathered(rows: Tensor(partners).moved(to: inputs.device))
      }
    }

    /// The mix of the losses with the rows' labels and with those of their partners.
    public func loss(labels: [Int], _ loss: ([Int]) throws -> Tensor) rethrows -> Tensor {
      try share * loss(labels) + (1 - share) * loss(partners.map { labels[$0] })
    }
  }

  /// Draws partners for a batch.
  ///
  /// - Parameter clusters: the cluster of each row, any integers; ordinary mixup if all are equal.
  /// - Precondition: α > 0.
  public func callAsFunction(clusters: [Int], using random: inout SplitMix64) -> Mixture {
    precondition(concentration > 0, "α is \(concentration), not above 0")
    let share = BetaDistribution(concentration: concentration).draw(using: &random)
    var partners = Array(clusters.indices)
    var members: [Int: [Int]] = [:]
    for (row, cluster) in clusters.enumerated() { members[cluster, default: []].append(row) }
    // Sorted, because the order of a dictionary differs from run to run.
    for (_, rows) in members.sorted(by: { $0.key < $1.key }) {
      for (row, partner) in zip(rows, rows.shuffled(using: &random)) { partners[row] = partner }
    }
    return Mixture(share: share, partners: partners)
  }
}
