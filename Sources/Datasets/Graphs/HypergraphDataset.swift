public import Storage

/// A hypergraph whose nodes have features and classes, and splits of the nodes.
public struct HypergraphDataset: LabelledNodes {
  /// The members of each hyperedge.
  public var hypergraph: Hypergraph
  /// The features of each node, `[V, F]`.
  public var features: CSRMatrix
  /// The classes of each node, `[V, C]` without values; usually one a node.
  public var classes: CSRMatrix
  /// The name of each class; their numbers if the folder has no names.
  public var classNames: [String]
  /// The splits, in the order of the file; empty if there is none.
  public var splits: [GraphDataset.Split]

  /// Creates a data set from its parts.
  ///
  /// - Precondition: features and classes have a row for each node.
  public init(
    hypergraph: Hypergraph, features: CSRMatrix, classes: CSRMatrix, classNames: [String],
    splits: [GraphDataset.Split] = []
  ) {
    precondition(
      features.rowCount == hypergraph.nodeCount && classes.rowCount == hypergraph.nodeCount
        && classes.columnCount == classNames.count,
      "\(features.rowCount) rows of features and \(classes.rowCount) of classes for "
        + "\(hypergraph.nodeCount) nodes; \(classNames.count) names for "
        + "\(classes.columnCount) classes")
    self.hypergraph = hypergraph
    self.features = features
    self.classes = classes
    self.classNames = classNames
    self.splits = splits
  }
}
