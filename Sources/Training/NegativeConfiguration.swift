public import Learning

/// Which labels a step of training looks at, and how documents are put together in batches.
///
/// The defaults look at all labels in batches drawn at random, which needs no search. They are ours
/// where no other source is named.
public struct NegativeConfiguration: Codable, Hashable, Sendable {
  /// The labels of a step.
  public enum Labels: String, Codable, Hashable, Sendable, CaseIterable {
    /// All of them.
    case all
    /// The positives of the batch, hard negatives and some drawn evenly.
    case pool
  }

  /// How hard negatives and neighbours are searched for.
  public enum Search: String, Codable, Hashable, Sendable, CaseIterable {
    /// Everything is compared with everything.
    case exact
    /// Only the clusters that score best are looked into.
    case clusters
  }

  /// How documents are put together.
  public enum Batches: String, Codable, Hashable, Sendable, CaseIterable {
    /// At random.
    case shuffled
    /// Clusters of documents that are alike, growing from epoch to epoch.
    case clustered
    /// Documents with their neighbours.
    case similar
  }

  /// The labels of a step.
  public var labels: Labels
  /// What a pool is made of.
  public var pool: LabelPool.Configuration
  /// Whether a step moves the vectors of the pool's labels only.
  ///
  /// Adam then leaves the moments of the others as they are. Saves time where there are millions of
  /// labels; elsewhere it costs a little accuracy.
  public var isLazy: Bool
  /// How many hard negatives are kept for a document, of which a step draws; nil is as many as a
  /// step takes.
  public var shortlist: Int?
  /// What is left out of the shortlists; nil is nothing.
  public var filter: FalseNegativeFilter?
  /// How negatives and neighbours are searched for.
  public var search: Search
  /// The clusters that a query looks into.
  public var probes: Int
  /// The epoch (from 0) with the first search; before it there are no hard negatives.
  public var firstSearch: Int
  /// Epochs between searches.
  public var refreshEvery: Int
  /// Steps between searches for hard negatives, instead of epochs.
  public var refreshSteps: Int?
  /// How documents are put together.
  public var batches: Batches
  /// Documents of a cluster in the first epoch that has clusters.
  public var clusterSize: Int
  /// Epochs until clusters double.
  public var doubleEvery: Int
  /// How many neighbours a document brings into its batch.
  public var neighbours: Int

  /// Describes the negatives of a training.
  public init(
    labels: Labels = .all, pool: LabelPool.Configuration = .init(), isLazy: Bool = false,
    shortlist: Int? = nil,
    filter: FalseNegativeFilter? = nil, search: Search = .exact, probes: Int = 8,
    firstSearch: Int = 1, refreshEvery: Int = 1, refreshSteps: Int? = nil,
    batches: Batches = .shuffled, clusterSize: Int = 8, doubleEvery: Int = 1, neighbours: Int = 64
  ) {
    self.labels = labels
    self.pool = pool
    self.isLazy = isLazy
    self.shortlist = shortlist
    self.filter = filter
    self.search = search
    self.probes = probes
    self.firstSearch = firstSearch
    self.refreshEvery = refreshEvery
    self.refreshSteps = refreshSteps
    self.batches = batches
    self.clusterSize = clusterSize
    self.doubleEvery = doubleEvery
    self.neighbours = neighbours
  }

  /// Settings that have to be at least 1, by name.
  var counts: [(name: String, value: Int)] {
    // These may be 0, which is as good as 1 here.
    func orNone(_ value: Int) -> Int { value == 0 ? 1 : value }
    return [
      ("negatives.shortlist", shortlist ?? 1), ("negatives.probes", probes),
      ("negatives.refreshEvery", refreshEvery), ("negatives.refreshSteps", refreshSteps ?? 1),
      ("negatives.clusterSize", clusterSize), ("negatives.doubleEvery", doubleEvery),
      ("negatives.neighbours", neighbours), ("negatives.firstSearch", orNone(firstSearch)),
      ("negatives.pool.hardNegatives", orNone(pool.hardNegatives)),
      ("negatives.pool.uniformNegatives", orNone(pool.uniformNegatives)),
      ("negatives.pool.positiveLimit", orNone(pool.positiveLimit ?? 0)),
    ]
  }
}
