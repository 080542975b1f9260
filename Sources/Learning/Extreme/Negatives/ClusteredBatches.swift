public import Storage

/// Orders documents so that similar ones share a batch: their positives then serve each other as
/// hard negatives, at no cost.
///
/// The documents come as the leaves of a tree (`BalancedClusters`), in which 2ʲ consecutive leaves
/// form a larger cluster. Clusters are shuffled and concatenated; a batch is the next `batchSize`
/// documents. Larger clusters make harder batches, so their size doubles on a schedule, up to the
/// batch size:
///
///     leaves of a cluster = 2^⌊epoch / epochsPerDoubling⌋
///
/// With leaves of one document, training starts with plain shuffling.
///
/// - Paper: Dahiya and others. NGAME: Negative Mining-aware Mini-batching for Extreme
///   Classification. WSDM 2023. <https://arxiv.org/abs/2207.04452>
/// - Gradient: none.
/// - Units: documents.
/// - Departures: the authors' code starts from single documents, doubles at listed epochs (10, 20,
///   25, 50, 75 … of 300) and clusters again for each size; here sizes double regularly by joining
///   consecutive leaves.
/// - Degenerate: leaves larger than a batch are not joined.
public struct ClusteredBatches: Codable, Hashable, Sendable {
  /// The number of documents per batch.
  public var batchSize: Int
  /// Epochs until the clusters double; nil means never.
  public var epochsPerDoubling: Int?

  /// Creates a schedule.
  public init(batchSize: Int, epochsPerDoubling: Int? = 1) {
    self.batchSize = batchSize
    self.epochsPerDoubling = epochsPerDoubling
  }

  /// The number of leaves (of up to `leafSize` documents) per cluster in an epoch, counted from 0.
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
  ///   - leaves: `[leaves, N]`; the documents of each leaf, in tree order.
  ///   - epoch: the epoch, from 0.
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
