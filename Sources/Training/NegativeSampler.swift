import Extreme
import Models
import Storage
import Torch

/// Searches for hard negatives and neighbours at intervals, and supplies them to training steps.
///
/// Search results are stored in tables that are part of the checkpoint, so that resumed training
/// uses the same ones. Everything else follows from the seed and the position.
final class NegativeSampler {
  /// The inputs of a search.
  struct Embeddings {
    /// `[N, D]`, divided by the temperature.
    var documents: Tensor
    /// `[L, D]`.
    var labels: Tensor
    /// `[L]`.
    var bias: Tensor?
  }

  /// Receives a report of each search.
  var report: ((String) -> Void)?
  private let configuration: NegativeConfiguration
  private let positives: CSRMatrix
  private let batchSize: Int
  private let stepsPerEpoch: Int
  private let seed: UInt64
  private var tables: [Table: CSRMatrix] = [:]
  private var pools = PoolStatistics()

  private enum Table: String, CaseIterable {
    /// `[N, L]`; hard negatives, hardest first.
    case shortlist
    /// `[leaves, N]`; the documents of each leaf of a tree.
    case leaves
    /// `[N, N]`; neighbours, nearest first.
    case neighbours
  }

  /// - Parameter positives: `[N, L]`, of the training documents.
  init(
    _ configuration: NegativeConfiguration, positives: CSRMatrix, batchSize: Int,
    stepsPerEpoch: Int, seed: UInt64
  ) {
    self.configuration = configuration
    self.positives = positives
    self.batchSize = batchSize
    self.stepsPerEpoch = stepsPerEpoch
    self.seed = seed
  }

  /// Repeats the searches that are due at this position.
  ///
  /// - Parameter embeddings: computes the inputs; called only if a search is due.
  func refreshIfDue(at position: TrainingPosition, _ embeddings: () throws -> Embeddings) throws {
    let since = position.epoch - configuration.firstSearch
    guard since >= 0 else { return }
    let startsRound = position.step == 0 && since % configuration.refreshEvery == 0
    let step = since * stepsPerEpoch + position.step
    let wantsShortlist =
      configuration.labels == .pool && configuration.pool.hardNegatives > 0
      && (configuration.refreshSteps.map { step % $0 == 0 } ?? startsRound)
    let wantsBatches = configuration.batches != .shuffled && startsRound
    guard wantsShortlist || wantsBatches else { return }
    let found = try checked { try withoutGradients { try embeddings() } }
    if wantsShortlist { try refreshShortlist(found) }
    guard wantsBatches else { return }
    if configuration.batches == .clustered {
      tables[.leaves] =
        try BalancedClusters(found.documents, size: configuration.clusterSize).matrix
    } else {
      try refreshNeighbours(found.documents)
    }
  }

  private func refreshShortlist(_ found: Embeddings) throws {
    let begun = ResourceUsage.now()
    let search = HardNegativeSearch(
      count: configuration.shortlist ?? configuration.pool.hardNegatives,
      filter: configuration.filter)
    let result: HardNegativeSearch.Result
    var recall: Double?
    switch configuration.search {
    case .exact:
      result = try search(
        queries: found.documents, labels: found.labels, bias: found.bias, positives: positives)
    case .clusters:
      let index = try ClusterIndex(labels: found.labels, bias: found.bias)
      result = try index(
        search, queries: found.documents, positives: positives, probes: configuration.probes)
      recall = try measureRecall(of: result.negatives, search, found)
    }
    let seconds = ResourceUsage.now().cpuSeconds - begun.cpuSeconds
    if let report {
      let highest = try HardNegativeSearch.highestPositiveScores(
        queries: found.documents, labels: found.labels, bias: found.bias, positives: positives)
      report(
        NegativeReport(
          result, previous: tables[.shortlist], positives: positives,
          highestPositives: highest, recall: recall, cpuSeconds: seconds, pools: pools
        ).text)
    }
    pools = PoolStatistics()
    tables[.shortlist] = result.negatives
  }

  /// The share of the exact search's labels that the approximate one found, on a sample of
  /// documents.
  private func measureRecall(
    of found: CSRMatrix, _ search: HardNegativeSearch, _ embeddings: Embeddings
  ) throws -> Double {
    let step = max(1, positives.rowCount / 512)
    let rows = Array(stride(from: 0, to: positives.rowCount, by: step))
    let exact = try search(
      queries: embeddings.documents.gathered(rows: Tensor(rows)), labels: embeddings.labels,
      bias: embeddings.bias, positives: positives.selecting(rows: rows))
    return found.selecting(rows: rows).share(of: exact.negatives)
  }

  private func refreshNeighbours(_ documents: Tensor) throws {
    let count = positives.rowCount
    let unit = documents.normalized()
    let own = CSRMatrix(
      rowOffsets: MappedArray((0...count).map { Int64($0) }),
      columns: MappedArray((0..<count).map { Int32($0) }), columnCount: count)
    let search = HardNegativeSearch(count: 2 * configuration.neighbours)
    switch configuration.search {
    case .exact:
      tables[.neighbours] = try search(queries: unit, labels: unit, positives: own).negatives
    case .clusters:
      let index = try ClusterIndex(labels: unit)
      tables[.neighbours] =
        try index(search, queries: unit, positives: own, probes: configuration.probes).negatives
    }
  }

  /// The documents of an epoch, in batch order.
  func order(ofEpoch epoch: Int) -> [Int] {
    var random = SplitMix64(seed, 0, UInt64(epoch))
    if let neighbours = tables[.neighbours] {
      return SimilarityBatches(
        batchSize: batchSize, neighbours: configuration.neighbours,
        range: 2 * configuration.neighbours
      ).order(neighbours, using: &random)
    }
    if let leaves = tables[.leaves] {
      return ClusteredBatches(
        batchSize: batchSize, epochsPerDoubling: configuration.doubleEvery
      ).order(leaves, epoch: epoch - configuration.firstSearch, using: &random)
    }
    return (0..<positives.rowCount).shuffled(using: &random)
  }

  /// The label pool of a step; nil for all labels.
  func pool(of rows: [Int], at position: TrainingPosition) -> LabelPool? {
    guard configuration.labels == .pool else { return nil }
    var random = SplitMix64(seed, 2, UInt64(position.epoch), UInt64(position.step))
    var parts = configuration.pool
    // For each new shape of a product, oneDNN keeps 0.3 MB of code.
    parts.multiple = max(1, min(64, positives.columnCount / 64))
    let pool = LabelPool(
      parts, positives: positives.selecting(rows: rows),
      shortlist: tables[.shortlist]?.selecting(rows: rows), using: &random)
    guard !pool.labels.isEmpty else { return nil }
    pools.add(pool)
    return pool
  }

  /// The tables, as two tensors each.
  var state: [String: Tensor] {
    var state: [String: Tensor] = [:]
    for (name, table) in tables {
      state["\(name.rawValue).offsets"] = Tensor(table.rowOffsets.map { Int($0) })
      state["\(name.rawValue).columns"] = Tensor(Array(table.columns))
    }
    return state
  }

  /// Restores a saved `state`.
  ///
  /// - Throws: `ValueError` if a table is damaged.
  func restore(_ state: [String: Tensor]) throws {
    tables = [:]
    for name in Table.allCases {
      guard let offsets = state["\(name.rawValue).offsets"],
        let columns = state["\(name.rawValue).columns"]
      else { continue }
      let table = CSRMatrix(
        rowOffsets: MappedArray(offsets.array(of: Int64.self)),
        columns: MappedArray(columns.array(of: Int32.self)),
        columnCount: name == .shortlist ? positives.columnCount : positives.rowCount)
      tables[name] = try table.validated(as: name.rawValue)
    }
  }
}

extension CSRMatrix {
  /// The share of `other`'s entries that this matrix has in the same row.
  func share(of other: CSRMatrix) -> Double {
    guard other.entryCount > 0 else { return 1 }
    var common = 0
    for row in 0..<rowCount {
      let own = Set(columns(ofRow: row))
      common += other.columns(ofRow: row).reduce(0) { $0 + (own.contains($1) ? 1 : 0) }
    }
    return Double(common) / Double(other.entryCount)
  }
}
