import Foundation
import Storage

/// The path length between two nodes of a tree, such as a hierarchy of topics.
///
/// The Fréchet mean of a few labels is found without visiting all others. Along a path that leaves
/// the nodes between the labels at a node a, the expected squared distance after a length h is F(a)
/// + 2 h M(a) + h², with M(a) the expected distance from a. Of all labels reached through a, only
/// the nearest can therefore be the mean. F and M for all nodes between the labels come from one
/// pass up and one down.
public struct TreeLabelMetric: LabelMetric {
  /// The number of labels, which are the first nodes.
  public let labelCount: Int
  /// The parent of each node; the root is its own.
  private let parents: [Int]
  /// The length of the edge to the parent.
  private let lengths: [Double]
  /// The nodes, each after its parent.
  private let order: [Int]
  /// The index of each node in `order`.
  private let rank: [Int]
  /// The label nearest to each node, and its distance.
  private let nearest: [(label: Int, distance: Double)]

  /// Creates a metric from the parent of each node.
  ///
  /// - Parameters:
  ///   - parents: the parent of each node; nil for the single root.
  ///   - lengths: the length of each node's edge to its parent, ignored at the root; nil means 1.
  ///   - labelCount: the number of labels, which are the first nodes; nil means all.
  /// - Throws: `ValueError` if the nodes do not form one tree, if a length is not positive and
  ///   finite, or if there are no labels.
  public init(parents: [Int?], lengths: [Double]? = nil, labelCount: Int? = nil) throws {
    let count = parents.count
    let labels = labelCount ?? count
    func fault(_ reason: String, _ expected: String) -> ValueError {
      ValueError("label tree", reason: reason, expected: expected)
    }
    guard 1...max(1, count) ~= labels, count > 0, lengths.map({ $0.count == count }) ?? true else {
      throw fault(
        "\(labels) labels and \(lengths?.count ?? count) lengths of \(count) nodes",
        "1 to \(count) labels, and one length per node")
    }
    var children = [[Int]](repeating: [], count: count)
    var order: [Int] = []
    for (node, parent) in parents.enumerated() {
      guard let parent else {
        order.append(node)
        continue
      }
      guard 0..<count ~= parent else {
        throw fault("node \(node) stands below \(parent)", "a node in 0 ..< \(count)")
      }
      if let length = lengths?[node], !(length > 0) || length.isInfinite {
        throw fault("the edge above node \(node) is \(length) long", "a finite length above 0")
      }
      children[parent].append(node)
    }
    guard order.count == 1 else { throw fault("\(order.count) roots", "one") }
    var head = 0
    while head < order.count {
      order.append(contentsOf: children[order[head]])
      head += 1
    }
    guard order.count == count else {
      throw fault("\(count - order.count) nodes form a cycle", "every node below the root")
    }
    self.labelCount = labels
    self.parents = parents.enumerated().map { $1 ?? $0 }
    let lengths = parents.indices.map { parents[$0] == nil ? 0 : lengths?[$0] ?? 1 }
    self.lengths = lengths
    self.order = order
    var rank = [Int](repeating: 0, count: count)
    for (place, node) in order.enumerated() { rank[node] = place }
    self.rank = rank

    var nearest = (0..<count).map { ($0 < labels ? $0 : labels, $0 < labels ? 0 : Double.infinity) }
    func offer(_ node: Int, from other: Int, _ length: Double) {
      let offered = (nearest[other].0, nearest[other].1 + length)
      if (offered.1, offered.0) < (nearest[node].1, nearest[node].0) { nearest[node] = offered }
    }
    for node in order.reversed() where parents[node] != nil {
      offer(self.parents[node], from: node, lengths[node])
    }
    for node in order where parents[node] != nil {
      offer(node, from: self.parents[node], lengths[node])
    }
    self.nearest = nearest.map { (label: $0.0, distance: $0.1) }
  }

  /// Creates a metric from names such as `game::strategy`, whose parts are the path from the root.
  ///
  /// A label whose name is a prefix of another's is its ancestor; an ancestor that is not a label
  /// becomes a node that is never predicted. All edges have length 1.
  ///
  /// - Throws: `ValueError` if there are no names, or if one occurs twice.
  public init(names: [String], separator: String) throws {
    var nodes: [String: Int] = [:]
    for (label, name) in names.enumerated() {
      guard nodes.updateValue(label, forKey: name) == nil else {
        throw ValueError("label tree", reason: "the label “\(name)” occurs twice")
      }
    }
    var parents = [Int?](repeating: nil, count: names.count)
    let root = nodes[""] ?? names.count
    if nodes[""] == nil { parents.append(nil) }
    for (label, name) in names.enumerated() where label != root {
      var child = label
      var prefix = Substring(name)
      while true {
        let above = prefix.range(of: separator, options: .backwards).map {
          prefix[..<$0.lowerBound]
        }
        prefix = above ?? ""
        guard let above, !above.isEmpty else {
          parents[child] = root
          break
        }
        if let known = nodes[String(above)] {
          parents[child] = known
          break
        }
        nodes[String(above)] = parents.count
        parents[child] = parents.count
        child = parents.count
        parents.append(nil)
      }
    }
    try self.init(parents: parents, labelCount: names.count)
  }

  /// Squared distances from one label to all.
  ///
  /// - Complexity: O(nodes).
  public func squaredDistances(from label: Int) -> [Double] {
    var distances = [Double](repeating: .infinity, count: parents.count)
    distances[label] = 0
    var node = label
    while parents[node] != node {
      distances[parents[node]] = distances[node] + lengths[node]
      node = parents[node]
    }
    for node in order where distances[node] == .infinity {
      distances[node] = distances[parents[node]] + lengths[node]
    }
    return distances[..<labelCount].map { $0 * $0 }
  }
}

extension TreeLabelMetric {
  /// Σ p, Σ p d and Σ p d² of some probability mass around a node.
  private struct Moments {
    var mass = 0.0
    var first = 0.0
    var second = 0.0

    /// The same around a node that is farther away by `length`.
    func moved(by length: Double) -> Moments {
      Moments(
        mass: mass, first: first + length * mass,
        second: second + 2 * length * first + length * length * mass)
    }

    static func + (a: Moments, b: Moments) -> Moments {
      Moments(mass: a.mass + b.mass, first: a.first + b.first, second: a.second + b.second)
    }

    static func - (a: Moments, b: Moments) -> Moments {
      Moments(mass: a.mass - b.mass, first: a.first - b.first, second: a.second - b.second)
    }
  }

  /// The mean, from the ancestors of the support alone.
  ///
  /// - Complexity: O(s log s) for s nodes on the paths from the support to the root.
  public func shortcut(to support: [WeightedLabel]) -> FrechetMean? {
    var moments: [Int: Moments] = [:]
    for item in support {
      var node = item.label
      moments[node, default: Moments()].mass += item.weight
      while parents[node] != node, moments[parents[node]] == nil {
        node = parents[node]
        moments[node] = Moments()
      }
    }
    let nodes = moments.keys.sorted { rank[$0] < rank[$1] }
    for node in nodes.reversed() where parents[node] != node {
      moments[parents[node]] =
        (moments[parents[node]] ?? Moments())
        + (moments[node] ?? Moments()).moved(by: lengths[node])
    }
    var best: FrechetMean?
    for node in nodes {
      var all = moments[node] ?? Moments()
      if parents[node] != node, let above = moments[parents[node]] {
        // The moments of the parent without this branch.
        all = all + (above - all.moved(by: lengths[node])).moved(by: lengths[node])
        moments[node] = all
      }
      let (label, distance) = nearest[node]
      let variance = max(0, all.moved(by: distance).second / all.mass)
      if best.map({ (variance, label) < ($0.variance, $0.label) }) ?? true {
        best = FrechetMean(label: label, variance: variance)
      }
    }
    return best
  }
}
