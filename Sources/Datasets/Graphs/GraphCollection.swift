public import Storage

/// Small graphs with a class each, to be told apart as wholes.
public struct GraphCollection: Sendable {
  /// A graph with a class, whose nodes have a tag each.
  public struct Item: Equatable, Sendable {
    /// The neighbours of each node.
    public var graph: Graph
    /// The tag of each node, in `0 ..< tagCount` of the collection.
    public var tags: [Int]
    /// The class, in `0 ..< classNames.count` of the collection.
    public var label: Int

    /// Creates an item.
    ///
    /// - Precondition: a tag for each node.
    public init(graph: Graph, tags: [Int], label: Int) {
      precondition(
        tags.count == graph.nodeCount, "\(tags.count) tags for \(graph.nodeCount) nodes")
      self.graph = graph
      self.tags = tags
      self.label = label
    }
  }

  /// The graphs, in the order of the file.
  public var items: [Item]
  /// The number of tags.
  public var tagCount: Int
  /// The number of each class in the file, in ascending order.
  public var classNames: [String]
}
