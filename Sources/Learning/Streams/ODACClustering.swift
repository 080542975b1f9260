/// An incremental partition of the labels that splits distant labels and merges related ones.
///
/// The clusters are the leaves of a binary tree. The distance between two labels is their Jaccard
/// distance d = 1 − |rows with both| / |rows with either|. With d₁ ≥ d₂ the largest distances in a
/// cluster, d₀ the smallest, d̄ their mean, and ε the Hoeffding bound over the n rows with at least
/// one of the two farthest labels:
///
///     ε = √(ln(1 / δ) / 2n)
///     split: (d₁ − d₂ > ε or ε < τ) and (d₁ − d₀) |d₁ + d₀ − 2 d̄| > ε
///     merge: d₁(child) − d₁(parent) > max(ε(parent), ε(child)),
///            or the parent's two pivots have d + ε < max(d̄(first child), d̄(second child))
///
/// A split makes the two farthest labels the pivots of two clusters and assigns every other label
/// to the nearer pivot. New clusters restart their counts.
///
/// - Paper: Rodrigues, Gama, Pedroso. Hierarchical Clustering of Time-Series Data Streams. IEEE TKDE
///   20(5), 2008, ODAC. <https://doi.org/10.1109/TKDE.2007.190727>
/// - Gradient: none; it counts.
/// - Units: distances in 0 … 1.
/// - Departures: ODAC measures the correlation of series, here the Jaccard distance of labels, as
///   in iHOMER's text; n counts the rows over which such a distance is averaged, not all rows;
///   labels with fewer than `support` rows follow but do not decide. A label equally far from both
///   pivots joins the labels that it occurred with, or the smaller cluster. The second merge rule
///   is ours: among sparse labels every diameter is 1 and the first never applies. iHOMER's code
///   uses correlations after all, takes the most similar pair for the farthest one and divides
///   their sum by rows instead of pairs; this follows ODAC.
/// - Degenerate: a cluster with fewer than two labels of `support` rows does not change.
public struct ODACClustering: Sendable {
  /// The hyperparameters.
  public struct Configuration: Codable, Hashable, Sendable {
    /// δ, in 0 … 1; default 0.1, from ODAC.
    public var confidence: Double
    /// τ: a bound below it breaks ties; default 0.1, from iHOMER's code.
    public var tieThreshold: Double
    /// Rows between two checks of a cluster; default 100, from ODAC.
    public var interval: Int
    /// The minimum number of rows before a label counts; default 10, ours.
    public var support: Int
    /// The minimum number of labels on either side of a split; default 2, ours.
    public var minimumSize: Int
    /// The maximum number of label pairs to count; default a million, ours.
    public var pairLimit: Int

    /// Creates a configuration.
    public init(
      confidence: Double = 0.1, tieThreshold: Double = 0.1, interval: Int = 100, support: Int = 10,
      minimumSize: Int = 2, pairLimit: Int = 1_000_000
    ) {
      self.confidence = confidence
      self.tieThreshold = tieThreshold
      self.interval = interval
      self.support = support
      self.minimumSize = minimumSize
      self.pairLimit = pairLimit
    }
  }

  /// A change to the clusters.
  public enum Change: Hashable, Sendable {
    /// The cluster was replaced by two others with its labels.
    case split(Int, into: [Int])
    /// The clusters were replaced by one with their labels.
    case merge([Int], into: Int)
  }

  private struct Node {
    var parent: Int?
    var children: [Int] = []
    var members: [Int32]
    /// Rows since the cluster started counting.
    var rows = 0
    /// If split: the diameter and bound at that time, the pivots and their rows since.
    var diameter = 0.0
    var bound = 0.0
    var pivots: LabelPairs.Pair?
    var either = 0
    var both = 0
    /// d₁, ε and d̄ at the last check.
    var last: (diameter: Double, bound: Double, mean: Double)?
  }

  /// The hyperparameters.
  public let configuration: Configuration
  private var nodes: [Int: Node]
  private var nextNode = 1
  private var clusterOfLabel: [Int]
  private var pairs: LabelPairs

  /// Starts with all labels in cluster 0.
  public init(labelCount: Int, configuration: Configuration = Configuration()) {
    precondition(
      configuration.confidence > 0 && configuration.confidence < 1 && configuration.interval > 0,
      "the configuration is out of range: \(configuration)")
    self.configuration = configuration
    nodes = [0: Node(members: (0..<Int32(labelCount)).map { $0 })]
    clusterOfLabel = Array(repeating: 0, count: labelCount)
    pairs = LabelPairs(labelCount: labelCount, limit: configuration.pairLimit)
  }

  /// The clusters' numbers and labels, by number; every label is in exactly one.
  public var clusters: [(number: Int, labels: [Int32])] {
    nodes.filter { $0.value.children.isEmpty }.sorted { $0.key < $1.key }
      .map { ($0.key, $0.value.members) }
  }

  /// The labels of cluster `number`; empty if it no longer exists.
  public func labels(ofCluster number: Int) -> [Int32] { nodes[number]?.members ?? [] }

  /// The number of label pairs in memory.
  public var pairCount: Int { pairs.together.count }

  /// Adds the labels of a row.
  ///
  /// - Parameter labels: ascending.
  /// - Returns: the changes, in order.
  /// - Complexity: O(|labels|²) per row; O(pairs) per check. Memory O(L + `pairLimit`).
  public mutating func add(_ labels: [Int32]) -> [Change] {
    let clusterOfLabel = clusterOfLabel
    pairs.add(labels) { clusterOfLabel[Int($0)] == clusterOfLabel[Int($1)] }
    for number in nodes.keys {
      nodes[number]?.rows += 1
      guard let pivots = nodes[number]?.pivots else { continue }
      let present = (labels.contains(pivots.first), labels.contains(pivots.second))
      if present.0 || present.1 { nodes[number]?.either += 1 }
      if present.0 && present.1 { nodes[number]?.both += 1 }
    }
    var changes: [Change] = []
    for (number, _) in clusters {
      guard let node = nodes[number], node.rows % configuration.interval == 0 else { continue }
      if let change = look(at: number, node) { changes.append(change) }
    }
    return changes
  }

  /// Resets the counts after a change of the stream; the partition stays until new counts decide.
  public mutating func restart() {
    for number in nodes.keys {
      nodes[number]?.rows = 0
      nodes[number]?.either = 0
      nodes[number]?.both = 0
      nodes[number]?.last = nil
    }
    pairs.forget(clusterOfLabel.indices.map { Int32($0) })
  }

  private mutating func look(at number: Int, _ node: Node) -> Change? {
    let own = pairs.together.keys.filter { clusterOfLabel[Int($0.first)] == number }
    guard
      let spread = ClusterSpread(
        of: node.members, pairs: pairs, neighbours: own, support: configuration.support)
    else { return nil }
    let bound = ClusterSpread.bound(rows: spread.rows, confidence: configuration.confidence)
    nodes[number]?.last = (spread.largest, bound, spread.mean)
    if let parent = node.parent, shouldMerge(parent, diameter: spread.largest, bound: bound) {
      return merge(parent)
    }
    let isClear =
      spread.largest - spread.secondLargest > bound || bound < configuration.tieThreshold
    let isWide =
      (spread.largest - spread.smallest)
      * abs(spread.largest + spread.smallest - 2 * spread.mean) > bound
    return isClear && isWide ? split(number, node.members, spread, bound, own) : nil
  }

  private func shouldMerge(_ parent: Int, diameter: Double, bound: Double) -> Bool {
    guard let node = nodes[parent] else { return false }
    let children = node.children.compactMap { nodes[$0] }
    guard children.allSatisfy({ $0.children.isEmpty }) else { return false }
    if diameter - node.diameter > max(node.bound, bound) { return true }
    let means = children.compactMap { $0.last?.mean }
    guard node.either >= 2 * configuration.support, let widest = means.max() else { return false }
    let distance = 1 - Double(node.both) / Double(node.either)
    let ownBound = ClusterSpread.bound(rows: node.either, confidence: configuration.confidence)
    return distance + ownBound < widest
  }

  private mutating func merge(_ parent: Int) -> Change? {
    guard let node = nodes[parent] else { return nil }
    for child in node.children { nodes[child] = nil }
    pairs.forget(node.members)
    // Cluster numbers are never reused.
    let number = nextNode
    nextNode += 1
    nodes[parent] = nil
    nodes[number] = Node(parent: node.parent, members: node.members)
    if let grandparent = node.parent, let siblings = nodes[grandparent]?.children {
      nodes[grandparent]?.children = siblings.map { $0 == parent ? number : $0 }
    }
    for label in node.members { clusterOfLabel[Int(label)] = number }
    return .merge(node.children, into: number)
  }

  private mutating func split(
    _ number: Int, _ members: [Int32], _ spread: ClusterSpread, _ bound: Double,
    _ own: [LabelPairs.Pair]
  ) -> Change? {
    let sides = sides(of: members, spread.pivots, own)
    guard sides.allSatisfy({ $0.count >= configuration.minimumSize }) else { return nil }
    let children = [nextNode, nextNode + 1]
    nextNode += 2
    nodes[number]?.children = children
    nodes[number]?.diameter = spread.largest
    nodes[number]?.bound = bound
    nodes[number]?.pivots = spread.pivots
    nodes[number]?.either = 0
    nodes[number]?.both = 0
    pairs.forget(members)
    for (child, labels) in zip(children, sides) {
      nodes[child] = Node(parent: number, members: labels)
      for label in labels { clusterOfLabel[Int(label)] = child }
    }
    return .split(number, into: children)
  }

  private func sides(
    of members: [Int32], _ pivots: LabelPairs.Pair, _ own: [LabelPairs.Pair]
  ) -> [[Int32]] {
    var neighbours: [Int32: [(Int32, Double)]] = [:]
    for pair in own.sorted() {
      let similarity = 1 - pairs.distance(pair)
      neighbours[pair.first, default: []].append((pair.second, similarity))
      neighbours[pair.second, default: []].append((pair.first, similarity))
    }
    var side: [Int32: Int] = [pivots.first: 0, pivots.second: 1]
    var sizes = [1, 1]
    func assign(_ label: Int32, to chosen: Int) {
      side[label] = chosen
      sizes[chosen] += 1
    }
    var undecided: [Int32] = []
    for label in members where side[label] == nil {
      let distances = [pivots.first, pivots.second].map {
        pairs.distance(LabelPairs.Pair($0, label))
      }
      if distances[0] == distances[1] {
        undecided.append(label)
      } else {
        assign(label, to: distances[0] < distances[1] ? 0 : 1)
      }
    }
    let ordered = undecided.sorted {
      let counts = (pairs.counts[Int($0)], pairs.counts[Int($1)])
      return counts.0 != counts.1 ? counts.0 > counts.1 : $0 < $1
    }
    for label in ordered {
      var similarities = [0.0, 0.0]
      for (other, similarity) in neighbours[label] ?? [] {
        if let known = side[other] { similarities[known] += similarity }
      }
      if similarities[0] == similarities[1] {
        assign(label, to: sizes[0] <= sizes[1] ? 0 : 1)
      } else {
        assign(label, to: similarities[0] > similarities[1] ? 0 : 1)
      }
    }
    return [0, 1].map { wanted in members.filter { side[$0] == wanted } }
  }
}
