import Storage

/// The shortest-path length in a graph whose nodes are the labels and possibly others.
///
/// Without lengths it is the number of hops. Distances are computed on demand, so that memory stays
/// proportional to the graph.
public struct GraphLabelMetric: LabelMetric {
  /// The number of labels, which are the first nodes.
  public let labelCount: Int
  private let nodeCount: Int
  /// `[nodes + 1]`; node i has the neighbours `offsets[i] ..< offsets[i + 1]`.
  private let offsets: [Int]
  private let neighbours: [Int]
  /// The length of the edge to each neighbour; nil if all are 1.
  private let lengths: [Double]?

  /// Creates a metric from undirected edges.
  ///
  /// - Parameters:
  ///   - labelCount: the number of labels, which are the first nodes.
  ///   - nodeCount: the number of nodes; nil if all are labels.
  ///   - edges: pairs of nodes.
  ///   - lengths: one per edge; nil means 1.
  /// - Throws: `ValueError` if an edge refers to a missing node, if a length is not positive and
  ///   finite, or if some label cannot be reached from the first one.
  public init(
    labelCount: Int, nodeCount: Int? = nil, edges: [(Int, Int)], lengths: [Double]? = nil
  ) throws {
    let nodes = nodeCount ?? labelCount
    func fault(_ reason: String, _ expected: String) -> ValueError {
      ValueError("label graph", reason: reason, expected: expected)
    }
    guard nodes >= labelCount, lengths.map({ $0.count == edges.count }) ?? true else {
      throw fault(
        "\(nodes) nodes, \(lengths?.count ?? 0) lengths of \(edges.count) edges",
        "at least \(labelCount) nodes, and one length per edge")
    }
    for (index, (a, b)) in edges.enumerated() {
      guard 0..<nodes ~= a, 0..<nodes ~= b else {
        throw fault("an edge from \(a) to \(b)", "nodes in 0 ..< \(nodes)")
      }
      if let length = lengths?[index], !(length > 0) || length.isInfinite {
        throw fault("the edge from \(a) to \(b) is \(length) long", "a finite length above 0")
      }
    }
    var offsets = [Int](repeating: 0, count: nodes + 1)
    for (a, b) in edges {
      offsets[a + 1] += 1
      offsets[b + 1] += 1
    }
    for node in 0..<nodes { offsets[node + 1] += offsets[node] }
    var next = offsets
    var neighbours = [Int](repeating: 0, count: 2 * edges.count)
    var weights = [Double](repeating: 1, count: 2 * edges.count)
    for (index, (a, b)) in edges.enumerated() {
      for (from, to) in [(a, b), (b, a)] {
        neighbours[next[from]] = to
        weights[next[from]] = lengths?[index] ?? 1
        next[from] += 1
      }
    }
    self.labelCount = labelCount
    self.nodeCount = nodes
    self.offsets = offsets
    self.neighbours = neighbours
    self.lengths = lengths == nil ? nil : weights
    if labelCount > 0, let far = distances(from: 0).firstIndex(of: .infinity) {
      throw fault("no path from label 0 to label \(far)", "labels that are all connected")
    }
  }

  /// Squared shortest-path lengths from one label to all.
  ///
  /// - Complexity: O(nodes + edges) for hops, O((nodes + edges) log edges) for lengths.
  public func squaredDistances(from label: Int) -> [Double] {
    distances(from: label).map { $0 * $0 }
  }

  private func distances(from source: Int) -> [Double] {
    var distances = [Double](repeating: .infinity, count: nodeCount)
    distances[source] = 0
    if let lengths {
      var open = PathHeap()
      open.insert(distance: 0, node: source)
      while let (distance, node) = open.removeNearest() {
        if distance > distances[node] { continue }
        for edge in offsets[node]..<offsets[node + 1] {
          let reached = distance + lengths[edge]
          if reached < distances[neighbours[edge]] {
            distances[neighbours[edge]] = reached
            open.insert(distance: reached, node: neighbours[edge])
          }
        }
      }
    } else {
      var queue = [source]
      var head = 0
      while head < queue.count {
        let node = queue[head]
        head += 1
        for edge in offsets[node]..<offsets[node + 1]
        where distances[neighbours[edge]] == .infinity {
          distances[neighbours[edge]] = distances[node] + 1
          queue.append(neighbours[edge])
        }
      }
    }
    return Array(distances[..<labelCount])
  }
}

/// Nodes by distance, the nearest on top.
private struct PathHeap {
  private var items: [(distance: Double, node: Int)] = []

  mutating func insert(distance: Double, node: Int) {
    items.append((distance, node))
    var place = items.count - 1
    while place > 0, items[place].distance < items[(place - 1) / 2].distance {
      items.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  mutating func removeNearest() -> (distance: Double, node: Int)? {
    guard let last = items.popLast() else { return nil }
    guard let nearest = items.first else { return last }
    items[0] = last
    var place = 0
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2]
      where child < items.count && items[child].distance < items[least].distance {
        least = child
      }
      if least == place { return nearest }
      items.swapAt(place, least)
      place = least
    }
  }
}
