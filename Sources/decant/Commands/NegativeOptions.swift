public import ArgumentParser
import Learning
public import Training

extension NegativeConfiguration.Labels: ExpressibleByArgument {}
extension NegativeConfiguration.Search: ExpressibleByArgument {}
extension NegativeConfiguration.Batches: ExpressibleByArgument {}

/// Which labels a step of training looks at, and how documents are put together in batches.
struct NegativeOptions: ParsableArguments {
  private static let defaults = NegativeConfiguration()

  @Option(
    name: .customLong("negatives"),
    help: ArgumentHelp(
      "The labels of a step: all (default), or a pool of the batch's positives, hard negatives and "
        + "some drawn evenly.", valueName: "labels"))
  var labels: NegativeConfiguration.Labels?

  @Option(help: "Hard negatives a document brings into the pool (default: 0).")
  var hardNegatives: Int?

  @Option(help: "Labels drawn evenly into the pool (default: 0).")
  var uniformNegatives: Int?

  @Flag(
    help: "Move only the label vectors of the pool in a step; for very many labels.")
  var lazyLabels = false

  @Option(help: "Hard negatives kept a document, of which a step draws (default: all are taken).")
  var shortlist: Int?

  @Option(
    help: ArgumentHelp(
      "Leave out hard negatives that score more than so much above the best positive.",
      valueName: "score"))
  var negativeMargin: Double?

  @Option(help: "How hard negatives and neighbours are searched for (default: exact).")
  var search: NegativeConfiguration.Search?

  @Option(help: "Clusters that a document looks into (default: \(defaults.probes)).")
  var probes: Int?

  @Option(help: "Epochs before the first search (default: \(defaults.firstSearch)).")
  var firstSearch: Int?

  @Option(help: "Epochs between searches (default: \(defaults.refreshEvery)).")
  var refreshEvery: Int?

  @Option(help: "Steps between searches for hard negatives, instead of epochs.")
  var refreshSteps: Int?

  @Option(
    help: ArgumentHelp(
      "How documents are put together: shuffled (default), clustered by their embeddings, or with "
        + "similar ones.", valueName: "kind"))
  var batches: NegativeConfiguration.Batches?

  @Option(help: "Documents of a cluster at first (default: \(defaults.clusterSize)).")
  var clusterSize: Int?

  @Option(help: "Epochs until clusters double (default: \(defaults.doubleEvery)).")
  var doubleEvery: Int?

  @Option(help: "Neighbours a document brings into its batch (default: \(defaults.neighbours)).")
  var neighbours: Int?

  func validate() throws {
    let counts = [
      ("hard-negatives", hardNegatives, 0), ("uniform-negatives", uniformNegatives, 0),
      ("shortlist", shortlist, 1), ("probes", probes, 1), ("first-search", firstSearch, 0),
      ("refresh-every", refreshEvery, 1), ("refresh-steps", refreshSteps, 1),
      ("cluster-size", clusterSize, 1), ("double-every", doubleEvery, 1),
      ("neighbours", neighbours, 1),
    ]
    for (name, value, least) in counts {
      if let value, value < least {
        throw ValidationError("--\(name) is \(value); it must be at least \(least).")
      }
    }
    if let negativeMargin, !negativeMargin.isFinite {
      throw ValidationError("--negative-margin is \(negativeMargin); it must be finite.")
    }
    let ofPools = hardNegatives != nil || uniformNegatives != nil || shortlist != nil
    if ofPools, labels == .all {
      throw ValidationError("hard or uniform negatives need --negatives pool.")
    }
  }

  /// Refuses options that would change nothing in a training with `settings`.
  private func refuseIdle(_ settings: NegativeConfiguration) throws {
    let mines = settings.labels == .pool && settings.pool.hardNegatives > 0
    let searches = mines || settings.batches != .shuffled
    let (mined, searched) = ("--hard-negatives", "--hard-negatives, or other --batches")
    let options: [(name: String, isGiven: Bool, isHeeded: Bool, needs: String)] = [
      ("lazy-labels", lazyLabels, settings.labels == .pool, "--negatives pool"),
      ("shortlist", shortlist != nil, mines, mined),
      ("negative-margin", negativeMargin != nil, mines, mined),
      ("refresh-steps", refreshSteps != nil, mines, mined),
      ("search", search != nil, searches, searched),
      ("first-search", firstSearch != nil, searches, searched),
      ("refresh-every", refreshEvery != nil, searches, searched),
      ("probes", probes != nil, searches && settings.search == .clusters, "--search clusters"),
      ("cluster-size", clusterSize != nil, settings.batches == .clustered, "--batches clustered"),
      ("double-every", doubleEvery != nil, settings.batches == .clustered, "--batches clustered"),
      ("neighbours", neighbours != nil, settings.batches == .similar, "--batches similar"),
    ]
    if let idle = options.first(where: { $0.isGiven && !$0.isHeeded }) {
      throw ValidationError("--\(idle.name) changes nothing here: it needs \(idle.needs).")
    }
  }

  /// These options over `stored`; nil where neither says anything.
  ///
  /// - Throws: `ValidationError` for an option that would change nothing.
  func applied(to stored: NegativeConfiguration?) throws -> NegativeConfiguration? {
    var settings = stored ?? NegativeConfiguration()
    if let hardNegatives { settings.pool.hardNegatives = hardNegatives }
    if let uniformNegatives { settings.pool.uniformNegatives = uniformNegatives }
    if let shortlist { settings.shortlist = shortlist }
    // Whoever names what a pool is made of wants one.
    if settings.pool != LabelPool.Configuration() || settings.shortlist != nil {
      settings.labels = .pool
    }
    if let labels { settings.labels = labels }
    if lazyLabels { settings.isLazy = true }
    if let negativeMargin { settings.filter = FalseNegativeFilter(margin: negativeMargin) }
    if let search { settings.search = search }
    if let probes { settings.probes = probes }
    if let firstSearch { settings.firstSearch = firstSearch }
    if let refreshEvery { settings.refreshEvery = refreshEvery }
    if let refreshSteps { settings.refreshSteps = refreshSteps }
    if let batches { settings.batches = batches }
    if let clusterSize { settings.clusterSize = clusterSize }
    if let doubleEvery { settings.doubleEvery = doubleEvery }
    if let neighbours { settings.neighbours = neighbours }
    try refuseIdle(settings)
    return settings == NegativeConfiguration() ? nil : settings
  }
}
