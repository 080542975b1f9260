public import Storage
public import Torch

/// Several graphs as one without edges between them, so that a network takes them all at once.
public struct LoopedGraphBatch: Sendable {
  /// The places of all edges and of a self-loop at each node, `[V, V]`.
  public let places: SparsePlaces
  /// The nodes of each graph, in the order of the batch.
  public let nodes: [Range<Int>]
  /// Which entries are edges between different nodes: 1, and 0 for self-loops; `[E]` float64.
  let links: Tensor

  /// Joins graphs.
  ///
  /// - Precondition: there is one.
  public init(_ graphs: [Graph]) {
    precondition(!graphs.isEmpty, "no graph")
    var rows: [[Int]] = []
    var nodes: [Range<Int>] = []
    for graph in graphs {
      let first = rows.count
      let looped = graph.addingSelfLoops()
      for node in 0..<looped.nodeCount {
        rows.append(looped.neighbours.columns(ofRow: node).map { first + Int($0) })
      }
      nodes.append(first..<rows.count)
    }
    places = SparsePlaces(CSRMatrix(rows: rows, columnCount: rows.count))
    self.nodes = nodes
    links = places.rows.isEqual(to: places.columns).logicalNot().converted(to: .float64)
  }

  /// The places of `count` rows for each graph, each with all nodes of the graph, `[B · count, V]`.
  public func members(rows count: Int) -> SparsePlaces {
    SparsePlaces(
      CSRMatrix(
        rows: nodes.flatMap { [[Int]](repeating: Array($0), count: count) },
        columnCount: nodes.last?.upperBound ?? 0))
  }

  /// The means of each graph's rows, `[B, D]`; 0 for a graph without nodes.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  public func means(of rows: Tensor) throws -> Tensor {
    let counts = Tensor(nodes.map { Double(max($0.count, 1)) }).converted(to: rows.dtype)
    return try members(rows: 1).sums(of: rows) / counts.expandingDimension(at: 1)
  }

  /// The weights of a graph convolution: those of edges with 1 at each self-loop, divided by the
  /// roots of both ends' sums; a sum below 1 counts as 1.
  ///
  /// - Parameter weights: `[E]`; those of self-loops are not read.
  /// - Throws: `TorchError` if libtorch fails.
  func propagation(_ weights: Tensor) throws -> SparseMatrix {
    let links = links.converted(to: weights.dtype)
    let looped = weights * links + (1 - links)
    let roots = try places.rowSums(of: looped).clamped(from: 1).power(-0.5)
    let ends = try places.spread(roots) * places.transposed.spread(roots)
    return SparseMatrix(places, values: looped * ends.reshaped([-1]))
  }
}
