public import Storage
public import Torch

/// Embeddings of nodes that tolerate wrong labels, by coding rate reduction over repaired labels.
///
/// Before training, the known labels are spread among the known nodes. In each epoch they are mixed
/// with the cosines between the embeddings Z and the classes' means μ, spread over the whole graph, and
/// each node v takes its best class π(v). With  ρ(Z, s) = ½ log det(I + s ZᵀZ)  and the Nⱼ rows Zⱼ of
/// class j:
///
///     spread:  Y ← (1 − α) A D⁻¹ Y + α Y,  T times
///     Y⁰ = spread of the known labels among the known nodes
///     π  = argmax of the spread of softmax(β Y⁰ + (1 − β) |cos(Z, μ)|)
///     L  = −γ₂ ρ(Z, γ₁ D / (N ε)) + γ₁ Σⱼ (Nⱼ / N) ρ(Zⱼ, D / (Nⱼ ε))
///
/// - Paper: Chen, Zhang, Huang, Su, Lin, Xiao, Xia, Liu. ERASE: Error-Resilient Representation Learning
///   on Graphs for Label Noise Tolerance. CIKM 2024. <https://arxiv.org/abs/2312.08852>
/// - Gradient: reaches the embeddings in both rates; not through the labels π.
/// - Units: nats; ρ is half a log-determinant, as in the authors' code.
/// - Departures: written from the authors' code for Planetoid data, since the paper's text was not at
///   hand. A class without nodes has cosine 0 and no rate; their code fails on it. They add 10⁻⁸ to Nⱼ.
public struct ERASE: Codable, Hashable, Sendable {
  /// ε, the squared precision of the code; default 0.05, the authors' for Cora (CiteSeer: 0.4).
  public var squaredPrecision: Double
  /// γ₁; default 1, the authors'.
  public var compressionWeight: Double
  /// γ₂; default 2, the authors' for Cora and CiteSeer.
  public var expansionWeight: Double
  /// α, what a node keeps of itself in a step of spreading; default 0.6, the authors'.
  public var ownShare: Double
  /// β, the weight of the known labels; default 0.6, the authors' for Cora (CiteSeer: 0.7).
  public var knownShare: Double
  /// T; default 5, the authors' for Cora (CiteSeer: 4).
  public var steps: Int

  /// Creates the method.
  public init(
    squaredPrecision: Double = 0.05, compressionWeight: Double = 1, expansionWeight: Double = 2,
    ownShare: Double = 0.6, knownShare: Double = 0.6, steps: Int = 5
  ) {
    self.squaredPrecision = squaredPrecision
    self.compressionWeight = compressionWeight
    self.expansionWeight = expansionWeight
    self.ownShare = ownShare
    self.knownShare = knownShare
    self.steps = steps
  }

  /// A D⁻¹, with the edges among `nodes` alone if they are given; D counts those edges.
  public static func propagation(of graph: Graph, among nodes: [Int]? = nil) -> SparseMatrix {
    var isIn = [Bool](repeating: nodes == nil, count: graph.nodeCount)
    for node in nodes ?? [] { isIn[node] = true }
    var rows = [[Int]](repeating: [], count: graph.nodeCount)
    var degrees = [Int](repeating: 0, count: graph.nodeCount)
    for node in 0..<graph.nodeCount where isIn[node] {
      rows[node] = graph.neighbours.columns(ofRow: node).map(Int.init).filter { isIn[$0] }
      for source in rows[node] { degrees[source] += 1 }
    }
    let values = rows.joined().map { Float(1 / Double(degrees[$0])) }
    return SparseMatrix(
      SparsePlaces(CSRMatrix(rows: rows, columnCount: graph.nodeCount)), values: Tensor(values))
  }

  /// The values after T steps, `[V, C]`.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  public func spread(_ values: Tensor, over propagation: SparseMatrix) throws -> Tensor {
    var result = values
    for _ in 0..<steps {
      result = try propagation.product(with: result) * (1 - ownShare) + result * ownShare
    }
    return result
  }

  /// Y⁰, `[V, C]`: rows of 0 outside `known`.
  ///
  /// - Parameters:
  ///   - classes: the given class of each node; only those of `known` are read.
  ///   - known: the nodes to learn from.
  /// - Throws: `TorchError` if libtorch fails.
  public func denoised(_ classes: [Int], known: [Int], classCount: Int, in graph: Graph) throws
    -> Tensor
  {
    try spread(
      LabelPropagation.known(classes, nodes: known, classCount: classCount),
      over: Self.propagation(of: graph, among: known))
  }

  /// π, `[V]` int64.
  ///
  /// - Parameters:
  ///   - embeddings: Z, `[V, D]`; no gradient reaches them.
  ///   - denoised: Y⁰.
  ///   - known: the nodes that the classes' means are taken over, by their best class in Y⁰.
  ///   - propagation: that of the whole graph.
  /// - Throws: `TorchError` if libtorch fails.
  public func labels(
    of embeddings: Tensor, denoised: Tensor, known: [Int], over propagation: SparseMatrix
  ) throws -> Tensor {
    try withoutGradients {
      let nodes = Tensor(known.map(Int64.init))
      let members = denoised.gathered(rows: nodes).argmax(along: 1)
      let cosines = Self.cosines(embeddings, nodes, members, denoised.size(along: 1)).magnitude()
      let mixed = denoised * knownShare + cosines * (1 - knownShare)
      return try spread(mixed.softmax(along: 1), over: propagation).argmax(along: 1)
    }
  }

  /// The class whose mean over the known nodes has the highest cosine, `[V]` int64.
  ///
  /// - Parameters:
  ///   - embeddings: Z, `[V, D]`.
  ///   - labels: π, `[V]`; only those of `known` are read.
  /// - Throws: `TorchError` if libtorch fails.
  public func nearest(_ embeddings: Tensor, labels: Tensor, known: [Int], classCount: Int) throws
    -> Tensor
  {
    let nodes = Tensor(known.map(Int64.init))
    return Self.cosines(embeddings, nodes, labels.gathered(rows: nodes), classCount)
      .argmax(along: 1)
  }

  private static func cosines(
    _ embeddings: Tensor, _ nodes: Tensor, _ members: Tensor, _ classCount: Int
  ) -> Tensor {
    // A class's sum has the direction of its mean.
    let sums = Tensor.zeros(
      [classCount, embeddings.size(along: 1)], dtype: embeddings.dtype, device: embeddings.device
    ).addingRows(embeddings.gathered(rows: nodes), at: members)
    return embeddings.normalized().matmul(sums.normalized().transposed())
  }
}
