public import Storage
public import Torch

/// Describes a node by the probabilities of a random walk to be back after 1, 2, … steps.
///
/// With the degrees D of the adjacency A and P = D⁻¹ A:
///
///     pᵢ = [Pᵢᵢ, (P²)ᵢᵢ, …, (Pᴷ)ᵢᵢ]
///
/// A node without neighbours has 0. The numbers tell the structure around a node, not its place.
///
/// - Paper: Dwivedi, Luu, Laurent, Bengio, Bresson. Graph Neural Networks with Learnable Structural and
///   Positional Representations. ICLR 2022, equation 4. <https://arxiv.org/abs/2110.07875>. GraphGPS
///   (Rampášek and others, NeurIPS 2022, <https://arxiv.org/abs/2205.12454>) calls it RWSE.
/// - Gradient: none; it is made once for a graph.
/// - Units: probabilities.
/// - Departures: none from the equation. Dense products: O(K · V³) time and O(V²) memory.
public struct RandomWalkEncoding: Codable, Hashable, Sendable {
  /// The number of steps K; default 20, that of GraphGPS for ZINC.
  public var steps: Int

  /// Creates an encoding.
  ///
  /// - Precondition: `steps` is positive.
  public init(steps: Int = 20) {
    precondition(steps > 0, "\(steps) steps")
    self.steps = steps
  }

  /// The encoding of each node, `[V, K]`.
  public func callAsFunction(_ graph: Graph, dtype: DType = .float32) -> Tensor {
    let (count, degrees) = (graph.nodeCount, graph.degrees)
    var entries = [Double](repeating: 0, count: count * count)
    for node in 0..<count {
      for source in graph.neighbours.columns(ofRow: node) {
        entries[node * count + Int(source)] = 1 / Double(degrees[node])
      }
    }
    let walk = Tensor(entries, shape: [count, count])
    let identity = Tensor.identity(count, dtype: .float64)
    var power = walk
    var returns = [(power * identity).sum(along: 1)]
    for _ in 1..<steps {
      power = power.matmul(walk)
      returns.append((power * identity).sum(along: 1))
    }
    return Tensor.stacked(returns, along: 1).converted(to: dtype)
  }
}
