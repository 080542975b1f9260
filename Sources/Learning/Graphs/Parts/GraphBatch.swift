public import Storage
public import Torch

/// Several graphs as one without edges between them, for networks over whole graphs.
public struct GraphBatch: Sendable {
  /// All nodes, those of the first graph first.
  public let graph: Graph
  /// The number of nodes of each graph.
  public let sizes: [Int]
  /// The nodes of the same graph, for each node: the pairs of a global attention, `[V, V]`.
  public let pairs: SparsePlaces
  /// 1 / size at the nodes of each graph, `[G, V]`: its product is the mean over each graph's nodes.
  public let means: SparseMatrix

  /// Joins graphs.
  ///
  /// - Precondition: fewer than 2³¹ pairs of nodes of the same graph.
  /// - Complexity: time and memory of the sum of the squared sizes.
  public init(_ graphs: [Graph], dtype: DType = .float32) {
    sizes = graphs.map(\.nodeCount)
    var (offsets, columns) = ([0] as [Int64], [] as [Int32])
    var (groups, pairs) = ([] as [[Int]], [] as [[Int]])
    var start = 0
    for graph in graphs {
      for node in 0..<graph.nodeCount {
        columns += graph.neighbours.columns(ofRow: node).map { $0 + Int32(start) }
        offsets.append(Int64(columns.count))
      }
      let nodes = Array(start..<start + graph.nodeCount)
      groups.append(nodes)
      pairs += nodes.map { _ in nodes }
      start += graph.nodeCount
    }
    graph = Graph(
      neighbours: CSRMatrix(
        rowOffsets: MappedArray(offsets), columns: MappedArray(columns), columnCount: start))
    self.pairs = SparsePlaces(CSRMatrix(rows: pairs, columnCount: start))
    let shares = sizes.flatMap { [Double](repeating: 1 / Double($0), count: $0) }
    means = SparseMatrix(
      SparsePlaces(CSRMatrix(rows: groups, columnCount: start)),
      values: Tensor(shares).converted(to: dtype))
  }
}
