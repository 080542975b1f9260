public import Storage

/// A graph whose nodes have features and classes, and splits of the nodes.
public struct GraphDataset: LabelledNodes {
  /// The parts of one split; each node is in at most one.
  public struct Split: Hashable, Sendable {
    /// The nodes to learn from.
    public var train: [Int]
    /// The nodes that settings and the best epoch are chosen on.
    public var validation: [Int]
    /// The nodes to judge by.
    public var test: [Int]

    /// Creates a split.
    public init(train: [Int] = [], validation: [Int] = [], test: [Int] = []) {
      self.train = train
      self.validation = validation
      self.test = test
    }
  }

  /// The neighbours of each node.
  public var graph: Graph
  /// The features of each node, `[V, F]`.
  public var features: CSRMatrix
  /// The classes of each node, `[V, C]` without values; usually one a node.
  public var classes: CSRMatrix
  /// The name of each class; their numbers if the folder has no names.
  public var classNames: [String]
  /// The splits, in the order of the file; empty if there is none.
  public var splits: [Split]

  /// Creates a data set from its parts.
  ///
  /// - Precondition: features and classes have a row for each node.
  public init(
    graph: Graph, features: CSRMatrix, classes: CSRMatrix, classNames: [String],
    splits: [Split] = []
  ) {
    precondition(
      features.rowCount == graph.nodeCount && classes.rowCount == graph.nodeCount
        && classes.columnCount == classNames.count,
      "\(features.rowCount) rows of features and \(classes.rowCount) of classes for "
        + "\(graph.nodeCount) nodes; \(classNames.count) names for \(classes.columnCount) classes")
    self.graph = graph
    self.features = features
    self.classes = classes
    self.classNames = classNames
    self.splits = splits
  }
}
