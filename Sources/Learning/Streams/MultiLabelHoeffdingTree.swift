import Foundation

/// An incremental decision tree whose leaves are independent Bernoulli variables, one per label.
///
/// A leaf is split once the best test is better than the second best by more than chance explains,
/// given the rows seen so far. With pₗ the share of a leaf's rows that have label l, H the entropy
/// of the leaf and n its number of rows:
///
///     H       = −Σₗ pₗ log₂ pₗ + (1 − pₗ) log₂ (1 − pₗ)
///     gain    = H − (n_left H_left + n_right H_right) / n
///     ε       = R √(ln(1 / δ) / 2n),   R = max(1, log₂ L)
///     split   : gain > 0 and (gain − second gain > ε or ε < τ)
///
/// Not splitting counts as a test with gain 0.
///
/// - Paper: Esteban, Cano, Zafra, Ventura. Hoeffding adaptive trees for multi-label classification on
///   data streams. Knowledge-Based Systems 304, 2024. <https://doi.org/10.1016/j.knosys.2024.112561>
/// - Gradient: none; it counts.
/// - Units: entropies in bits, probabilities in 0 … 1.
/// - Departures: R follows the authors' code; the range of a sum of L binary entropies is L bits.
///   Leaves predict their frequencies; the paper's classifiers in leaves and its alternate trees
///   are part of `IHOMERLearner` instead. No bootstrap weights. Numeric features are modelled as
///   normal, as in the authors' code, with a column's missing values 0; sparse features are tested
///   for presence.
/// - Degenerate: a leaf without rows predicts 0; labels that all or none of a leaf's rows have
///   never cause a split.
public final class MultiLabelHoeffdingTree {
  /// The hyperparameters.
  public struct Configuration: Codable, Hashable, Sendable {
    /// Rows between two attempts to split a leaf; default 200, from the authors' code.
    public var gracePeriod: Int
    /// δ; default 1.66e-7, from the authors' code.
    public var confidence: Double
    /// τ; default 0.05, from the authors' code.
    public var tieThreshold: Double
    /// The minimum share of a leaf's rows on either side; default 0.01, from the authors' code.
    public var minimumShare: Double
    /// The maximum number of leaves; default 256, ours.
    public var leafLimit: Int
    /// The number of thresholds to try per numeric feature; default 10, from river.
    public var candidates: Int
    /// The maximum number of (feature, label) counts per leaf; beyond it the rarest features are
    /// dropped.
    public var observationLimit: Int

    /// Creates a configuration.
    public init(
      gracePeriod: Int = 200, confidence: Double = 1.6587784772850855e-7,
      tieThreshold: Double = 0.05, minimumShare: Double = 0.01, leafLimit: Int = 256,
      candidates: Int = 10, observationLimit: Int = 200_000
    ) {
      self.gracePeriod = gracePeriod
      self.confidence = confidence
      self.tieThreshold = tieThreshold
      self.minimumShare = minimumShare
      self.leafLimit = leafLimit
      self.candidates = candidates
      self.observationLimit = observationLimit
    }
  }

  private enum Observer {
    case presence(PresenceObserver)
    case gaussian(GaussianObserver)
  }

  private struct Leaf {
    /// The counts that the leaf predicts from, including those inherited from its parent.
    var mass: LabelMass
    /// The counts of rows that it saw itself, which match the observer's.
    var seen: LabelMass
    var observer: Observer
    var rowsAtAttempt = 0.0
  }

  private indirect enum Node {
    case leaf(Leaf)
    case branch(TreeSplit, Int, Int)
  }

  /// The hyperparameters.
  public let configuration: Configuration
  /// The kind of features.
  public let features: StreamFeatures
  /// L.
  public let labelCount: Int
  private let featureCount: Int
  private var nodes: [Node] = []

  /// The number of leaves.
  public private(set) var leafCount = 1

  /// Creates a tree of one leaf.
  ///
  /// - Parameter featureCount: the number of columns; only used for dense features.
  public init(
    labelCount: Int, features: StreamFeatures, featureCount: Int,
    configuration: Configuration = Configuration()
  ) {
    precondition(
      configuration.gracePeriod > 0 && configuration.candidates > 0
        && configuration.confidence > 0 && configuration.confidence < 1,
      "the configuration is out of range: \(configuration)")
    self.labelCount = labelCount
    self.features = features
    self.featureCount = featureCount
    self.configuration = configuration
    nodes = [.leaf(makeLeaf(LabelMass(labelCount: labelCount)))]
  }

  private init(_ other: MultiLabelHoeffdingTree, selecting positions: [Int]) {
    labelCount = positions.count
    features = other.features
    featureCount = other.featureCount
    configuration = other.configuration
    leafCount = other.leafCount
    nodes = other.nodes.map { node in
      switch node {
      case .leaf(var leaf):
        leaf.mass = leaf.mass.selecting(positions)
        leaf.seen = leaf.seen.selecting(positions)
        switch leaf.observer {
        case .presence(let observer): leaf.observer = .presence(observer.selecting(positions))
        case .gaussian(let observer): leaf.observer = .gaussian(observer.selecting(positions))
        }
        return .leaf(leaf)
      case .branch(var split, let left, let right):
        split.left = split.left.selecting(positions)
        split.right = split.right.selecting(positions)
        return .branch(split, left, right)
      }
    }
  }

  /// A copy restricted to some of the labels, with all of its counts.
  func selecting(_ positions: [Int]) -> MultiLabelHoeffdingTree {
    MultiLabelHoeffdingTree(self, selecting: positions)
  }

  /// The share of the rows in the example's leaf that have each label.
  public func probabilities(_ example: StreamExample) -> [Double] {
    guard case .leaf(let leaf) = nodes[leafIndex(of: example)] else { return [] }
    guard leaf.mass.rows > 0 else { return Array(repeating: 0, count: labelCount) }
    return leaf.mass.labels.map { $0 / leaf.mass.rows }
  }

  /// Counts an example, and splits its leaf if a split is due.
  ///
  /// - Parameter labels: ascending indices below L, instead of the example's labels.
  /// - Complexity: O(depth + features · labels); O(features · L) when a split is attempted.
  public func learn(_ example: StreamExample, labels: [Int]) {
    let index = leafIndex(of: example)
    guard case .leaf(var leaf) = nodes[index] else { return }
    // The node is emptied first: with two owners all counts would be copied.
    nodes[index] = .branch(
      TreeSplit(
        gain: 0, feature: 0, left: LabelMass(labelCount: 0), right: LabelMass(labelCount: 0)), 0, 0)
    leaf.mass.add(labels)
    leaf.seen.add(labels)
    switch leaf.observer {
    case .presence(var observer):
      leaf.observer = .presence(PresenceObserver(limit: 0))
      observer.add(example, labels: labels)
      leaf.observer = .presence(observer)
    case .gaussian(var observer):
      leaf.observer = .presence(PresenceObserver(limit: 0))
      observer.add(denseValues(example), labels: labels)
      leaf.observer = .gaussian(observer)
    }
    let isDue =
      leaf.seen.rows - leaf.rowsAtAttempt >= Double(configuration.gracePeriod)
      && leafCount < configuration.leafLimit
    guard isDue else {
      nodes[index] = .leaf(leaf)
      return
    }
    leaf.rowsAtAttempt = leaf.seen.rows
    if let split = bestSplit(of: leaf) {
      leafCount += 1
      nodes[index] = .branch(split, nodes.count, nodes.count + 1)
      nodes.append(.leaf(makeLeaf(split.left)))
      nodes.append(.leaf(makeLeaf(split.right)))
    } else {
      nodes[index] = .leaf(leaf)
    }
  }

  private func bestSplit(of leaf: Leaf) -> TreeSplit? {
    let smallest = max(1, configuration.minimumShare * leaf.seen.rows)
    let splits =
      switch leaf.observer {
      case .presence(let observer): observer.splits(of: leaf.seen, smallest: smallest)
      case .gaussian(let observer): observer.splits(of: leaf.seen, smallest: smallest)
      }
    var best: TreeSplit?
    var secondGain = 0.0
    for split in splits.sorted(by: { $0.feature < $1.feature }) where split.gain > 0 {
      if let leader = best, split.gain <= leader.gain {
        secondGain = max(secondGain, split.gain)
      } else {
        secondGain = max(secondGain, best?.gain ?? 0)
        best = split
      }
    }
    guard let best else { return nil }
    let range = max(1, log2(Double(labelCount)))
    let bound =
      range * (log(1 / configuration.confidence) / (2 * leaf.seen.rows)).squareRoot()
    return best.gain - secondGain > bound || bound < configuration.tieThreshold ? best : nil
  }

  private func makeLeaf(_ mass: LabelMass) -> Leaf {
    let observer =
      switch features {
      case .sparse: Observer.presence(PresenceObserver(limit: configuration.observationLimit))
      case .dense:
        Observer.gaussian(
          GaussianObserver(
            featureCount: featureCount, labelCount: labelCount,
            candidates: configuration.candidates))
      }
    return Leaf(mass: mass, seen: LabelMass(labelCount: labelCount), observer: observer)
  }

  private func leafIndex(of example: StreamExample) -> Int {
    var index = 0
    while case .branch(let split, let left, let right) = nodes[index] {
      index = split.goesRight(example) ? right : left
    }
    return index
  }

  private func denseValues(_ example: StreamExample) -> [Double] {
    var values = [Double](repeating: 0, count: featureCount)
    for (column, value) in zip(example.columns, example.values) { values[Int(column)] = value }
    return values
  }
}
