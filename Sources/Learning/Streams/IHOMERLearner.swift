/// A multi-label learner for endless streams: a partition of the labels that follows the stream,
/// one tree per cluster of labels, and change detectors for each cluster and for all labels.
///
/// `ODACClustering` groups labels that occur together and splits and merges the clusters over time.
/// Each cluster has a `MultiLabelHoeffdingTree` over its labels. A cluster predicts from the leaf's
/// frequencies, the k nearest of the latest examples, logistic regressions, or the mean of the
/// latter two, with a threshold of one half or one that follows the F-measure, whichever
/// combination has the highest faded F-measure so far. With Y the true and Z the predicted labels
/// of a document, within the cluster or overall, each `ADWIN` sees
///
///     loss = 1 − |Y ∩ Z| / |Y ∪ Z|,   0 if both are empty
///
/// When a cluster's loss has risen, a new tree starts in parallel and replaces the old one once its
/// F-measure is higher, and the cluster's regressions get their initial step size again. When the
/// overall loss has risen, the examples before the change are dropped and the partition restarts
/// its counts.
///
/// - Paper: Neves, Lourenço, Cano, Marreiros. Online hierarchical partitioning of the output space in
///   extreme multi-label data stream. ECAI 2025. <https://arxiv.org/abs/2507.20894>
/// - Gradient: that of the logistic loss, for the regressions' weights.
/// - Units: labels; probabilities in 0 … 1.
/// - Departures: only the paper's abstract was available; this follows it, the authors' published
///   code and the works that it builds on. The authors choose a leaf's classifier by its entropy
///   and row count, here a cluster chooses by F-measure; their regressions are in the leaves, ten
///   of them bagged, here there is one per label. A cluster that is split passes its tree on to
///   both parts, where the authors start new ones. The threshold on probabilities follows the
///   F-measure; the authors use `.half`. Their alternate trees start at a warning at any node, here
///   at a detected change at the root. Their code merges clusters that are smaller than the most
///   frequent number of labels; here a split is not made if it would leave one with fewer than two
///   labels.
/// - Degenerate: the first document gets no labels.
public final class IHOMERLearner: StreamLearner {
  /// The hyperparameters.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The partition of the labels; nil keeps all in one cluster.
    public var clustering: ODACClustering.Configuration?
    /// The growth of trees.
    public var tree: MultiLabelHoeffdingTree.Configuration
    /// The detection of changes.
    public var detector: ADWINDetector.Configuration
    /// The rule that turns probabilities into labels; ours.
    public var decision: StreamDecision
    /// The factor by which a document's weight in an F-measure decays per later document; default
    /// 0.998, ours.
    public var fading: Double
    /// The step size of the logistic regressions; default 1, ours: best on two small data sets.
    public var learningRate: Double
    /// The number of examples to search for neighbours; default 500, ours.
    public var window: Int
    /// The number k of neighbours; default 5, ours.
    public var neighbours: Int
    /// Rows between two comparisons of a new tree with the old one; default 200, from the authors'
    /// code.
    public var trialLength: Int

    /// Creates a configuration.
    public init(
      clustering: ODACClustering.Configuration? = ODACClustering.Configuration(),
      tree: MultiLabelHoeffdingTree.Configuration = MultiLabelHoeffdingTree.Configuration(),
      detector: ADWINDetector.Configuration = ADWINDetector.Configuration(),
      decision: StreamDecision = .fMeasure, fading: Double = 0.998, learningRate: Double = 1,
      window: Int = 500, neighbours: Int = 5, trialLength: Int = 200
    ) {
      self.clustering = clustering
      self.tree = tree
      self.detector = detector
      self.decision = decision
      self.fading = fading
      self.learningRate = learningRate
      self.window = window
      self.neighbours = neighbours
      self.trialLength = trialLength
    }
  }

  /// The hyperparameters.
  public let configuration: Configuration
  private let featureCount: Int
  private let features: StreamFeatures
  private var scaling: StreamScaling
  private var logistic: LogisticRelevance
  private var window: NeighbourWindow
  private var clustering: ODACClustering?
  private var experts: [Int: LabelExperts] = [:]
  private var detector: ADWINDetector
  private var counters = (globalChanges: 0, localChanges: 0, replacedTrees: 0, splits: 0, merges: 0)

  /// The predictions for an example before its labels are known.
  private struct Outlook {
    let example: StreamExample
    let scaled: StreamExample
    let logistic: [Double]
    let clusters: [(number: Int, chosen: [[Int]], best: Int)]
    let labels: [Int32]
  }
  private var latest: Outlook?

  /// Creates an untrained learner.
  ///
  /// - Parameters:
  ///   - labelCount: L, at least 1.
  ///   - featureCount: the upper bound of column indices.
  ///   - features: the kind of features.
  public init(
    labelCount: Int, featureCount: Int, features: StreamFeatures,
    configuration: Configuration = Configuration()
  ) {
    precondition(
      labelCount > 0 && configuration.window > 0 && configuration.neighbours > 0
        && configuration.trialLength > 0 && configuration.fading > 0 && configuration.fading <= 1,
      "the configuration is out of range: \(configuration) for \(labelCount) labels")
    self.configuration = configuration
    self.featureCount = featureCount
    self.features = features
    scaling = StreamScaling(features, featureCount: featureCount)
    logistic = LogisticRelevance(
      labelCount: labelCount, learningRate: configuration.learningRate)
    window = NeighbourWindow(
      labelCount: labelCount, capacity: configuration.window,
      neighbourCount: configuration.neighbours)
    clustering = configuration.clustering.map {
      ODACClustering(labelCount: labelCount, configuration: $0)
    }
    detector = ADWINDetector(configuration.detector)
    experts[0] = makeExperts((0..<Int32(labelCount)).map { $0 })
  }

  /// The labels of each cluster, in order of creation.
  public var clusters: [[Int32]] { experts.sorted { $0.key < $1.key }.map(\.value.labels) }

  /// The number of clusters and leaves, and counts of events, by name.
  public var state: [(name: String, value: Double)] {
    [
      ("clusters", Double(experts.count)),
      ("leaves", Double(experts.values.reduce(0) { $0 + $1.tree.leafCount })),
      ("splits", Double(counters.splits)), ("merges", Double(counters.merges)),
      ("globalChanges", Double(counters.globalChanges)),
      ("localChanges", Double(counters.localChanges)),
      ("replacedTrees", Double(counters.replacedTrees)),
      ("windowExamples", Double(window.count)),
      ("labelPairs", Double(clustering?.pairCount ?? 0)),
    ]
  }

  /// Predicts the labels of a document, in ascending order.
  public func predict(_ example: StreamExample) -> [Int32] { outlook(on: example).labels }

  /// Learns from a document and its labels.
  ///
  /// - Complexity: O(features · L + window · features) in addition to the trees; memory O(features
  ///   seen · L) for the regressions, O(window · features), and that of clusters and trees.
  public func learn(_ example: StreamExample) {
    let outlook = outlook(on: example)
    latest = nil
    learnClusters(outlook, example)
    logistic.learn(
      labelled(outlook.scaled, as: example), probabilities: outlook.logistic)
    window.add(example, scaling: scaling)
    scaling.add(example)
    let before = detector.mean
    let loss = LabelExperts.loss(outlook.labels.map(Int.init), example.labels.map(Int.init))
    if detector.add(loss), detector.mean > before {
      counters.globalChanges += 1
      window.keep(newest: detector.width)
      clustering?.restart()
    }
    for change in clustering?.add(example.labels) ?? [] { apply(change) }
  }

  private func outlook(on example: StreamExample) -> Outlook {
    if let latest, latest.example.columns == example.columns,
      latest.example.values == example.values
    {
      return latest
    }
    let scaled = scaling.scaled(example)
    let logistic = logistic.probabilities(scaled)
    let near = window.probabilities(example, scaling: scaling, featureCount: featureCount)
    var labels: [Int32] = []
    let clusters = experts.sorted { $0.key < $1.key }.map { number, experts in
      let probabilities = experts.probabilities(example, logistic: logistic, neighbours: near)
      let chosen = experts.candidates.map {
        LabelExperts.chosen(probabilities[$0.expert.rawValue], $0.score, $0.decision)
      }
      let best = experts.best
      labels += chosen[best].map { experts.labels[$0] }
      return (number, chosen, best)
    }
    let outlook = Outlook(
      example: example, scaled: scaled, logistic: logistic, clusters: clusters,
      labels: labels.sorted())
    latest = outlook
    return outlook
  }

  private func learnClusters(_ outlook: Outlook, _ example: StreamExample) {
    for (number, chosen, best) in outlook.clusters {
      guard var own = experts.removeValue(forKey: number) else { continue }
      let actual = own.positions(of: example.labels)
      for place in chosen.indices {
        own.candidates[place].score.add(
          agreements: LabelExperts.agreements(chosen[place], actual),
          mentions: chosen[place].count + actual.count, fading: configuration.fading)
      }
      compete(&own, example, actual, chosen)
      own.tree.learn(example, labels: actual)
      let before = own.detector.mean
      if own.detector.add(LabelExperts.loss(chosen[best], actual)), own.detector.mean > before {
        counters.localChanges += 1
        logistic.loosen(own.labels)
        for place in own.candidates.indices { own.candidates[place].score.fade(by: 0.1) }
        if own.rival == nil {
          own.rival = LabelExperts.Rival(
            tree: makeTree(own.labels.count), candidateCount: own.candidates.count)
        }
      }
      experts[number] = own
    }
  }

  /// Compares a new tree with the cluster's current one, and promotes or discards it.
  private func compete(
    _ own: inout LabelExperts, _ example: StreamExample, _ actual: [Int], _ chosen: [[Int]]
  ) {
    guard var rival = own.rival else { return }
    own.rival = nil
    let probabilities = rival.tree.probabilities(example)
    for (place, candidate) in own.candidates.enumerated() where candidate.expert == .tree {
      let labels = LabelExperts.chosen(
        probabilities, rival.scores[place], candidate.decision)
      rival.scores[place].add(
        agreements: LabelExperts.agreements(labels, actual),
        mentions: labels.count + actual.count, fading: configuration.fading)
      rival.opponents[place].add(
        agreements: LabelExperts.agreements(chosen[place], actual),
        mentions: chosen[place].count + actual.count, fading: configuration.fading)
    }
    rival.tree.learn(example, labels: actual)
    rival.rows += 1
    guard rival.rows % configuration.trialLength == 0 else {
      own.rival = rival
      return
    }
    if rival.isBetter {
      own.tree = rival.tree
      for (place, candidate) in own.candidates.enumerated() where candidate.expert == .tree {
        own.candidates[place].score = rival.scores[place]
      }
      counters.replacedTrees += 1
    } else if rival.rows < 5 * configuration.trialLength {
      own.rival = rival
    }
  }

  private func apply(_ change: ODACClustering.Change) {
    guard let clustering else { return }
    switch change {
    case .split(let number, let children):
      guard let parent = experts.removeValue(forKey: number) else { return }
      counters.splits += 1
      for child in children {
        let labels = clustering.labels(ofCluster: child)
        var own = makeExperts(labels)
        own.tree = parent.tree.selecting(parent.positions(of: labels))
        own.candidates = parent.candidates
        experts[child] = own
      }
    case .merge(let children, let number):
      let parts = children.compactMap { experts.removeValue(forKey: $0) }
      counters.merges += 1
      var own = makeExperts(clustering.labels(ofCluster: number))
      if let largest = parts.max(by: { $0.labels.count < $1.labels.count }) {
        own.candidates = largest.candidates
        // The tree is new.
        for place in own.candidates.indices where own.candidates[place].expert == .tree {
          own.candidates[place].score = DecisionScore()
        }
      }
      experts[number] = own
    }
  }

  private func makeTree(_ labelCount: Int) -> MultiLabelHoeffdingTree {
    MultiLabelHoeffdingTree(
      labelCount: labelCount, features: features, featureCount: featureCount,
      configuration: configuration.tree)
  }

  private func makeExperts(_ labels: [Int32]) -> LabelExperts {
    LabelExperts(
      labels: labels, tree: makeTree(labels.count),
      candidates: LabelExperts.candidates(configuration.decision),
      detector: ADWINDetector(configuration.detector))
  }

  private func labelled(_ scaled: StreamExample, as example: StreamExample) -> StreamExample {
    StreamExample(columns: scaled.columns, values: scaled.values, labels: example.labels)
  }
}
