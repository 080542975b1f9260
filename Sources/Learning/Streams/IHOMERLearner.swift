/// A multi-label learner for endless streams: a partition of the labels that follows the stream, a
/// tree for each cluster of labels, and detectors of change for each cluster and for the whole.
///
/// The labels are split into clusters of labels that occur together and merged again by
/// `ODACClustering`. Each cluster has a `MultiLabelHoeffdingTree` over its labels; beside the leaf's
/// frequencies, the cluster may go by the k nearest of the latest examples, by logistic regressions,
/// or by the mean of both, whichever has the highest faded F-measure on the cluster so far, with the
/// threshold one half or the one that follows the F-measure. With Y
/// the true and Z the predicted labels of a document, within the cluster or at all, each `ADWIN` sees
///
///     loss = 1 − |Y ∩ Z| / |Y ∪ Z|,   0 where both are empty
///
/// When a cluster's loss has risen, a new tree begins beside its own and takes its place once it
/// has the higher F-measure, and the cluster's regressions move freely again. When the loss of the
/// whole has risen, the examples from before are forgotten and the partition counts afresh.
///
/// - Paper: Neves, Lourenço, Cano, Marreiros. Online hierarchical partitioning of the output space in
///   extreme multi-label data stream. ECAI 2025. <https://arxiv.org/abs/2507.20894>
/// - Gradient: of the logistic loss for the regressions' own weights.
/// - Units: labels; probabilities within 0 … 1.
/// - Departures: the paper's text was not at hand beyond its abstract; this follows that, the
///   authors' published code and the works that it builds on. The authors choose a leaf's classifier
///   by its entropy and row count, here a cluster chooses by F-measure; their regressions live in
///   leaves, ten of them bagged, here each label has one. A cluster that is split passes its tree on
///   to both parts, where the authors' begin anew. The threshold on probabilities follows the
///   F-measure; `.half` is the authors'. Their alternate trees begin at a warning at any node, here
///   at a detected change at the root. Their code merges clusters smaller than the most
///   frequent number of labels; here a split that would make one smaller than two is not made.
/// - Degenerate: the first document gets no label.
public final class IHOMERLearner: StreamLearner {
  /// The hyperparameters.
  public struct Configuration: Codable, Hashable, Sendable {
    /// How the labels are partitioned; nil keeps all in one cluster.
    public var clustering: ODACClustering.Configuration?
    /// How trees grow.
    public var tree: MultiLabelHoeffdingTree.Configuration
    /// How changes are found.
    public var detector: ADWINDetector.Configuration
    /// How probabilities become labels; ours.
    public var decision: StreamDecision
    /// What a document's part in an F-measure is multiplied by for each later one; 0.998, ours.
    public var fading: Double
    /// The step length of the logistic regressions; 1, ours: best on two small sets.
    public var learningRate: Double
    /// Examples that neighbours are looked for in; 500, ours.
    public var window: Int
    /// k; 5, ours.
    public var neighbours: Int
    /// Rows between two comparisons of a new tree with the old one; 200, the authors' code.
    public var trialLength: Int

    /// Makes a configuration.
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

  /// What is known of an example before its labels are.
  private struct Outlook {
    let example: StreamExample
    let scaled: StreamExample
    let logistic: [Double]
    let clusters: [(number: Int, chosen: [[Int]], best: Int)]
    let labels: [Int32]
  }
  private var latest: Outlook?

  /// Makes a learner that knows nothing.
  ///
  /// - Parameters:
  ///   - labelCount: L, at least 1.
  ///   - featureCount: the columns of examples lie below it.
  ///   - features: what features are like.
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

  /// The labels of each cluster, in the order of the clusters' making.
  public var clusters: [[Int32]] { experts.sorted { $0.key < $1.key }.map(\.value.labels) }

  /// Clusters, leaves, and what has happened so far, by name.
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

  /// The labels of a document, rising.
  public func predict(_ example: StreamExample) -> [Int32] { outlook(on: example).labels }

  /// Learns from a document whose labels have become known.
  ///
  /// - Complexity: O(features · L + window · features) besides the trees; memory O(features seen · L)
  ///   for the regressions, O(window · features), and what clusters and trees say.
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

  /// Lets a new tree compete with the cluster's own, and take its place or go.
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
        // The tree is a new one.
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
