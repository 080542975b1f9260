public import Storage

/// Nodes with classes and splits, whatever joins them.
public protocol LabelledNodes: Sendable {
  /// The classes of each node, `[V, C]` without values.
  var classes: CSRMatrix { get }
  /// The name of each class.
  var classNames: [String] { get }
  /// The splits of the nodes.
  var splits: [GraphDataset.Split] { get }
}

extension LabelledNodes {
  /// The class of each node, −1 for a node without one and the first of several.
  public var firstClasses: [Int] {
    (0..<classes.rowCount).map { classes.columns(ofRow: $0).first.map(Int.init) ?? -1 }
  }

  /// The nodes of a part that have a class.
  public func labelled(_ nodes: [Int]) -> [Int] {
    nodes.filter { !classes.entries(ofRow: $0).isEmpty }
  }
}
