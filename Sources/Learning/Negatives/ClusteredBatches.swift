public import Torch

/// Orders documents so that similar ones share a batch: the positives of one are then hard
/// negatives of the others, at no cost.
///
/// The documents come as the leaves of a tree (`BalancedClusters`), where 2ʲ neighbouring leaves are
/// a cluster again. Clusters are shuffled and laid end to end; a batch is the next `batchSize`
/// documents. Larger clusters make harder batches, so their size doubles on schedule, up to the
/// size of a batch:
///
///     leaves of a cluster = 2^⌊epoch / epochsPerDoubling⌋
///
/// With leaves of one document it begins as plain shuffling.
///
/// - Paper: Dahiya and others. NGAME: Negative Mining-aware Mini-batching for Extreme
///   Classification. WSDM 2023. <https://arxiv.org/abs/2207.04452>
/// - Gradient: none.
/// - Units: documents.
/// - Departures: the authors' code starts from single documents, doubles at listed epochs (10, 20,
///   25, 50, 75 … of 300) and cuts a new clustering for each size; here doubling is regular and
///   joins neighbouring leaves.
/// - Degenerate: leaves larger than a batch are not joined.
public struct ClusteredBatches: Codable, Hashable, Sendable {
  /// Documents of a batch.
  public var batchSize: Int
  /// Epochs until the clusters double; nil never doubles them.
  public var epochsPerDoubling: Int?

  /// Sets up a schedule.
  public init(batchSize: Int, epochsPerDoubling: Int? = 1) {
    self.batchSize = batchSize
    self.epochsPerDoubling = epochsPerDoubling
  }

  /// How many leaves of up to `leafSize` documents a cluster has in an epoch (from 0).
  ///
  /// - Precondition: `leafSize` ≥ 1.
  public func leavesOfACluster(inEpoch epoch: Int, leafSize: Int) -> Int {
    let doublings = epochsPerDoubling.map { max(0, epoch) / max(1, $0) } ?? 0
    var joined = 1
    for _ in 0..<min(doublings, 62) where 2 * joined * leafSize <= batchSize { joined *= 2 }
    return joined
  }

  /// All documents, each once; batch k is the k-th run of `batchSize`.
  ///
  /// - Parameters:
  ///   - leaves: `[leaves, N]`; the documents of each leaf, in the order of the tree.
  ///   - epoch: from 0.
  ///   - random: shuffles the clusters.
  public func order(_ leaves: CSRMatrix, epoch: Int, using random: inout SplitMix64) -> [Int] {
    let largest = (0..<leaves.rowCount).map { leaves.entries(ofRow: $0).count }.max() ?? 1
    let joined = leavesOfACluster(inEpoch: epoch, leafSize: max(1, largest))
    let starts = stride(from: 0, to: leaves.rowCount, by: joined).shuffled(using: &random)
    return starts.flatMap { start in
      (start..<min(start + joined, leaves.rowCount)).flatMap { leaf in
        leaves.columns(ofRow: leaf).map { Int($0) }
      }
    }
  }
}
