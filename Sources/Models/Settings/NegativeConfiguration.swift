public import Extreme
import Storage

/// The labels that a training step scores, and the composition of batches.
///
/// By default a step scores all labels and batches are drawn at random, which needs no search.
/// Defaults are ours unless another source is named.
public struct NegativeConfiguration: Codable, Hashable, Sendable {
  /// The labels that a step scores.
  public enum Labels: String, Codable, Hashable, Sendable, CaseIterable {
    /// All of them.
    case all
    /// The positives of the batch, hard negatives and random labels.
    case pool
  }

  /// The search for hard negatives and neighbours.
  public enum Search: String, Codable, Hashable, Sendable, CaseIterable {
    /// Compares everything with everything.
    case exact
    /// Looks only into the best clusters.
    case clusters
  }

  /// The composition of batches.
  public enum Batches: String, Codable, Hashable, Sendable, CaseIterable {
    /// At random.
    case shuffled
    /// Clusters of similar documents, which grow from epoch to epoch.
    case clustered
    /// Documents with their neighbours.
    case similar
  }

  /// The labels that a step scores.
  public var labels: Labels
  /// The contents of the pool.
  public var pool: LabelPool.Configuration
  /// Whether a step updates only the label vectors in the pool.
  ///
  /// Adam then keeps the moments of the other labels. This saves time with millions of labels;
  /// with fewer it costs a little accuracy.
  public var isLazy: Bool
  /// The number of hard negatives kept per document, from which each step draws; nil for as many as
  /// a step takes.
  public var shortlist: Int?
  /// Drops candidates from the shortlists; nil keeps all.
  public var filter: FalseNegativeFilter?
  /// The search for negatives and neighbours.
  public var search: Search
  /// The number of clusters that a query looks into.
  public var probes: Int
  /// The epoch (from 0) of the first search.
  ///
  /// There are no hard negatives before it.
  public var firstSearch: Int
  /// The number of epochs between searches.
  public var refreshEvery: Int
  /// The number of steps between searches for hard negatives, instead of epochs.
  public var refreshSteps: Int?
  /// The composition of batches.
  public var batches: Batches
  /// The number of documents per cluster in the first epoch that has clusters.
  public var clusterSize: Int
  /// The number of epochs until clusters double.
  public var doubleEvery: Int
  /// The number of neighbours that a document adds to its batch.
  public var neighbours: Int

  /// Describes the negatives of a training run.
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

  /// Whether hard negatives are searched for.
  private var mines: Bool { labels == .pool && pool.hardNegatives > 0 }
  private var searches: Bool { mines || batches != .shuffled }

  /// An option that has an effect only with another one.
  private static func with(
    _ words: String, _ isMet: @escaping @Sendable (NegativeConfiguration) -> Bool
  ) -> SettingCondition {
    SettingCondition(words) { isMet($0.negatives ?? .init()) }
  }

  private static let pooled = with("--negatives pool") { $0.labels == .pool }
  private static let mined = with("--hard-negatives") { $0.mines }
  private static let searched = with("--hard-negatives, or other --batches") { $0.searches }
  private static let clustered = with("--batches clustered") { $0.batches == .clustered }

  static let settings: [Setting] = [
    Setting(
      "labels",
      "Labels that a step scores: all, or a pool of the batch's positives, hard negatives and random "
        + "labels.", .one(of: Labels.self), .negatives("negatives")),
    Setting(
      "pool", "Contents of the pool, in addition to the batch's positives.", needs: pooled,
      members: [
        Setting(
          "hardNegatives", "Hard negatives per document.", .countOrNone,
          .negatives("hard-negatives")),
        Setting(
          "uniformNegatives", "Random labels per batch.", .countOrNone,
          .negatives("uniform-negatives")),
        Setting(
          "positiveLimit", "Positives of a document that enter the pool.", .countOrNone, null: "all"
        ),
        Setting(
          "multiple", "The pool is filled up to a multiple of this.", .integer(.min ... .max)),
      ]),
    Setting(
      "isLazy", "Update only the label vectors in the pool; for very many labels.", .boolean,
      .negatives(
        "lazy-labels",
        .switches([
          (
            "lazy-labels", .boolean(true),
            "Update only the label vectors in the pool; for very many labels."
          )
        ])), needs: pooled),
    Setting(
      "shortlist", "Hard negatives kept per document; each step draws from them.", .count,
      .negatives("shortlist"), null: "as many as a step takes", needs: mined),
    Setting(
      "filter",
      "Drop hard negatives that score like positives: they are probably unlabelled positives.",
      null: "none", needs: mined,
      members: [
        Setting(
          "margin", "Drop hard negatives that score this much above the best positive.",
          .anyNumber, .negatives("negative-margin"), from: "Gu et al. 2025",
          usual: "nothing is dropped"),
        Setting(
          "share", "Factor on the positive's score, before the margin.", .anyNumber,
          from: "Gu et al. 2025"),
        Setting(
          "anchor", "The positive that sets the limit.", .one(of: FalseNegativeFilter.Anchor.self)),
      ]),
    Setting(
      "search", "Search for hard negatives and neighbours.", .one(of: Search.self),
      .negatives("search"), needs: searched),
    Setting(
      "probes", "Clusters that a document looks into.", .count, .negatives("probes"),
      needs: with("--search clusters") { $0.searches && $0.search == .clusters }),
    Setting(
      "firstSearch", "Epochs before the first search.", .countOrNone, .negatives("first-search"),
      needs: searched),
    Setting(
      "refreshEvery", "Epochs between searches.", .count, .negatives("refresh-every"),
      needs: searched),
    Setting(
      "refreshSteps", "Steps between searches for hard negatives, instead of epochs.", .count,
      .negatives("refresh-steps"), null: "searches follow epochs", needs: mined),
    Setting(
      "batches",
      "Composition of batches: shuffled, clustered by embedding, or documents with their neighbours.",
      .one(of: Batches.self), .negatives("batches")),
    Setting(
      "clusterSize", "Documents per cluster at first.", .count, .negatives("cluster-size"),
      needs: clustered),
    Setting(
      "doubleEvery", "Epochs until clusters double.", .count, .negatives("double-every"),
      needs: clustered),
    Setting(
      "neighbours", "Neighbours that a document adds to its batch.", .count,
      .negatives("neighbours"), needs: with("--batches similar") { $0.batches == .similar }),
  ]
}
