public import Storage
public import Torch

/// Describes a node's place in its graph by eigenvectors of the Laplacian.
///
/// With the degrees D of the adjacency A:
///
///     L = I − D^−½ A D^−½,   L uₖ = λₖ uₖ  with λ₁ ≤ λ₂ ≤ …,   pᵢ = [u₂ᵢ, …, u₍K₊₁₎ᵢ]
///
/// Each vector has length 1. Its sign is free: the first element that is not 0 is positive here, and training flips
/// it at random (``flipped(_:generator:)``). A graph of fewer than K + 1 nodes has 0 for the missing
/// ones.
///
/// - Paper: Dwivedi, Joshi, Luu, Laurent, Bengio, Bresson. Benchmarking Graph Neural Networks. JMLR 2023,
///   section 5. <https://arxiv.org/abs/2003.00982>. GraphGPS (Rampášek and others, NeurIPS 2022,
///   <https://arxiv.org/abs/2205.12454>) calls it LapPE.
/// - Gradient: none; it is made once for a graph.
/// - Units: none; each vector has length 1.
/// - Departures: the vectors themselves. GraphGPS's code reads each with its eigenvalue by a small
///   network over frequencies. All eigenvectors are computed, in O(V³) time: for graphs of hundreds of nodes.
public struct LaplacianEncoding: Codable, Hashable, Sendable {
  /// The number of eigenvectors K; default 8, as in GraphGPS's code.
  public var count: Int

  /// Creates an encoding.
  ///
  /// - Precondition: `count` is positive.
  public init(count: Int = 8) {
    precondition(count > 0, "\(count) eigenvectors")
    self.count = count
  }

  /// The encoding of each node, `[V, K]`.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  public func callAsFunction(_ graph: Graph, dtype: DType = .float32) throws -> Tensor {
    let size = graph.nodeCount
    guard size > 1 else { return .zeros([size, count], dtype: dtype) }
    let degrees = graph.degrees.map { Double(max($0, 1)).squareRoot() }
    var matrix = [Double](repeating: 0, count: size * size)
    for node in 0..<size {
      // As in other implementations, a node alone has a 1 on the diagonal, too.
      matrix[node * size + node] = 1
      for source in graph.neighbours.columns(ofRow: node).map(Int.init) {
        matrix[node * size + source] -= 1 / (degrees[node] * degrees[source])
      }
    }
    let vectors = try SymmetricEigenvectors(of: Tensor(matrix, shape: [size, size])).vectors
      .transposed().contiguous().doubles()
    var result = [Double](repeating: 0, count: size * count)
    for place in 0..<min(count, size - 1) {
      let vector = vectors[(place + 1) * size..<(place + 2) * size]
      let first = vector.first { abs($0) > 1e-9 } ?? 1
      for (node, value) in vector.enumerated() {
        result[node * count + place] = value * (first < 0 ? -1 : 1)
      }
    }
    return Tensor(result, shape: [size, count]).converted(to: dtype)
  }

  /// The encoding with the sign of each vector drawn at random.
  ///
  /// - Parameter encoding: `[V, K]`, of one graph.
  public static func flipped(_ encoding: Tensor, generator: Generator) -> Tensor {
    let uniform = Tensor.uniform([1, encoding.size(along: 1)], generator: generator)
    return encoding * (uniform.isLess(than: 0.5).converted(to: encoding.dtype) * 2 - 1)
  }
}
