import Foundation

/// A tree over features whose leaves are independent Bernoulli variables, one a label, and which
/// grows while rows pass by.
///
/// A leaf is split once the best question is better than the second best by more than the rows seen
/// so far leave to chance. With pₗ the share of a leaf's rows that have label l, H the entropy of the
/// leaf and n its rows:
///
///     H       = −Σₗ pₗ log₂ pₗ + (1 − pₗ) log₂ (1 − pₗ)
///     gain    = H − (n_left H_left + n_right H_right) / n
///     ε       = R √(ln(1 / δ) / 2n),   R = max(1, log₂ L)
///     split   : gain > 0 and (gain − second gain > ε or ε < τ)
///
/// Not to split counts as a question of gain 0.
///
/// - Paper: Esteban, Cano, Zafra, Ventura. Hoeffding adaptive trees for multi-label classification on
///   data streams. Knowledge-Based Systems 304, 2024. <https://doi.org/10.1016/j.knosys.2024.112561>
/// - Gradient: none, it counts.
/// - Units: entropies in bits, probabilities within 0 … 1.
/// - Departures: R is that of the authors' code; the range of a sum of L binary entropies is L bits.
///   Leaves predict their frequencies; the classifiers that the paper puts into leaves are beside
///   the tree in `IHOMERLearner`, and so are its alternate trees. No bootstrap weights. Measurements
///   are taken as normal, as in the authors' code, with a column's missing values 0; for sparse
///   features the question is whether they are there.
/// - Degenerate: a leaf without rows gives 0; labels that all or none of a leaf's rows have are not
///   split for.
public final class MultiLabelHoeffdingTree {
  /// The hyperparameters.
  public struct Configuration: Codable, Hashable, Sendable {
    /// Rows between two attempts to split a leaf; 200, the authors' code.
    public var gracePeriod: Int
    /// δ; 1.66e-7, the authors' code.
    public var confidence: Double
    /// τ; 0.05, the authors' code.
    public var tieThreshold: Double
    /// The share of a leaf's rows that either side has at least; 0.01, the authors' code.
    public var minimumShare: Double
    /// Leaves at most; 256, ours.
    public var leafLimit: Int
    /// Thresholds that are tried for a measurement; 10, river's.
    public var candidates: Int
    /// Counts of features with labels that a leaf keeps; past it the rarest features are forgotten.
    public var observationLimit: Int

    /// Makes a configuration.
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
    /// What the leaf predicts from; what its parent expected of it included.
    var mass: LabelMass
    /// What it has seen itself, which is what the observer knows.
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
  /// What features are like.
  public let features: StreamFeatures
  /// L.
  public let labelCount: Int
  private let featureCount: Int
  private var nodes: [Node] = []

  /// The leaves.
  public private(set) var leafCount = 1

  /// Makes a tree of one leaf.
  ///
  /// - Parameter featureCount: the columns; only asked for where features are dense.
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

  /// The same tree for some of its labels only, with everything that it has seen.
  func selecting(_ positions: [Int]) -> MultiLabelHoeffdingTree {
    MultiLabelHoeffdingTree(self, selecting: positions)
  }

  /// The share of the rows in the example's leaf that have each label.
  public func probabilities(_ example: StreamExample) -> [Double] {
    guard case .leaf(let leaf) = nodes[leafIndex(of: example)] else { return [] }
    guard leaf.mass.rows > 0 else { return Array(repeating: 0, count: labelCount) }
    return leaf.mass.labels.map { $0 / leaf.mass.rows }
  }

  /// Counts an example and splits its leaf if that is due.
  ///
  /// - Parameter labels: rising positions below L, in place of those of the example.
  /// - Complexity: O(depth + features · labels); O(features · L) at an attempt.
  public func learn(_ example: StreamExample, labels: [Int]) {
    let index = leafIndex(of: example)
    guard case .leaf(var leaf) = nodes[index] else { return }
    // The node is emptied first: two owners would copy all counts.
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
