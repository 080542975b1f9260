import Foundation
public import Storage
public import Torch

/// The probability of an edge between two nodes, by the blocks that the nodes belong to.
///
/// Of one or more graphs it is the average of their adjacency matrices over blocks of h × h entries,
/// h = ⌊log₂ n⌋ + 1 for n nodes of the largest graph. Each graph's nodes are sorted by degree, highest
/// first, equal ones by their index, and smaller graphs are padded with zeros. (Chan, Airoldi. A
/// Consistent Histogram Estimator for Exchangeable Graph Models. ICML 2014.)
public struct Graphon: Sendable {
  /// The probabilities, `[K, K]` float64.
  public let probabilities: Tensor

  /// Creates a graphon from probabilities.
  ///
  /// - Precondition: `[K, K]` with K > 0.
  public init(_ probabilities: Tensor) {
    precondition(
      probabilities.dimensionCount == 2 && probabilities.size(along: 0) > 0
        && probabilities.size(along: 0) == probabilities.size(along: 1),
      "probabilities of shape \(probabilities.shape), expected [K, K]")
    self.probabilities = probabilities.converted(to: .float64)
  }

  /// Estimates the graphon of graphs, with ⌊n / h⌋ blocks along an axis; remaining nodes, those of the
  /// lowest degrees, are left out.
  ///
  /// - Precondition: a graph has nodes.
  /// - Complexity: O(V log V + E) time for each graph, O(K²) memory.
  public init(estimatedFrom graphs: [Graph]) {
    let nodes = graphs.map(\.nodeCount).max() ?? 0
    precondition(nodes > 0, "no graph with nodes")
    let size = Int(log2(Double(nodes))) + 1
    let blocks = nodes / size
    var sums = [Double](repeating: 0, count: blocks * blocks)
    for graph in graphs {
      let degrees = graph.degrees
      let order = (0..<graph.nodeCount).sorted { (-degrees[$0], $0) < (-degrees[$1], $1) }
      var block = [Int](repeating: 0, count: graph.nodeCount)
      for (rank, node) in order.enumerated() { block[node] = rank / size }
      for node in order where block[node] < blocks {
        for source in graph.neighbours.columns(ofRow: node) where block[Int(source)] < blocks {
          sums[block[node] * blocks + block[Int(source)]] += 1
        }
      }
    }
    let scale = 1 / Double(graphs.count * size * size)
    self.init(Tensor(sums.map { $0 * scale }, shape: [blocks, blocks]))
  }

  /// The graphon at another number of blocks, interpolated linearly between the blocks' centres.
  ///
  /// - Precondition: `blocks` > 0.
  public func resized(to blocks: Int) -> Graphon {
    precondition(blocks > 0, "\(blocks) blocks")
    let count = probabilities.size(along: 0)
    guard blocks != count else { return self }
    var weights = [Double](repeating: 0, count: blocks * count)
    for row in 0..<blocks {
      let centre = (Double(row) + 0.5) * Double(count) / Double(blocks) - 0.5
      let position = min(max(centre, 0), Double(count - 1))
      let lower = Int(position)
      weights[row * count + lower] += 1 - (position - Double(lower))
      weights[row * count + min(lower + 1, count - 1)] += position - Double(lower)
    }
    let matrix = Tensor(weights, shape: [blocks, count])
    return Graphon(matrix.matmul(probabilities).matmul(matrix.transposed()))
  }
}
