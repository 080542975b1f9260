public import Storage
public import Torch

/// A contrastive loss whose negatives are pairs of clusters, not of nodes.
///
/// With the embeddings zᵢ, weights γᵢⱼ of the nodes j around i, the sum mₖ of the embeddings of each of
/// the K clusters, and cosines that count 0 between an item and itself:
///
///     L = −(1 / V) Σᵢ log(Σⱼ γᵢⱼ exp(τ cos(zᵢ, zⱼ)) + 10⁻¹⁰)
///         + (1 / K) Σₖ log(Σₗ exp(τ cos(mₖ, mₗ)) + 10⁻¹⁰)
///
/// If every node is its own cluster, it is the loss with all pairs of nodes.
///
/// - Inputs: graph neighbours
/// - Paper: Kulatilleke, Portmann, Chandra. Efficient Block Contrastive Learning via Parameter-Free
///   Meta-Node Approximation. 2022. <https://arxiv.org/abs/2209.14067>
/// - Gradient: reaches all embeddings, in the pairs and in the clusters' sums; not the clusters.
/// - Units: nats, averaged over nodes and over clusters.
/// - Departures: written from the authors' code, since the paper's text was not at hand. A cluster
///   without nodes is left out; theirs is not a number then. A row of length 0 has cosine 0.
public struct PamCLoss: Codable, Hashable, Sendable {
  /// τ, which multiplies cosines; default 1, that of the authors' code (0.25 to 2.25 in their runs).
  public var sharpness: Double

  /// Creates the loss.
  public init(sharpness: Double = 1) { self.sharpness = sharpness }

  /// γ: the sum of the powers 1 to `hops` of D̃⁻¹ (A + I).
  ///
  /// - Precondition: `hops` > 0.
  /// - Complexity: O(V · d · n) time for n nodes within reach and d neighbours.
  public static func influence(of graph: Graph, hops: Int) -> SparseMatrix {
    precondition(hops > 0, "\(hops) hops")
    let whole = graph.addingSelfLoops()
    let shares = whole.degrees.map { 1 / Double($0) }
    var rows: [[Int]] = []
    var values: [Float] = []
    for node in 0..<whole.nodeCount {
      var sums: [Int: Double] = [:]
      var reached = [node: 1.0]
      for _ in 0..<hops {
        var next: [Int: Double] = [:]
        for (from, weight) in reached.sorted(by: { $0.key < $1.key }) {
          for column in whole.neighbours.columns(ofRow: from) {
            next[Int(column), default: 0] += weight * shares[from]
          }
        }
        sums.merge(next, uniquingKeysWith: +)
        reached = next
      }
      let row = sums.sorted { $0.key < $1.key }
      rows.append(row.map(\.key))
      values += row.map { Float($0.value) }
    }
    return SparseMatrix(
      SparsePlaces(CSRMatrix(rows: rows, columnCount: whole.nodeCount)), values: Tensor(values))
  }

  /// L, a scalar.
  ///
  /// - Parameters:
  ///   - embeddings: `[V, D]`.
  ///   - clusters: the cluster of each node, from 0.
  ///   - influence: γ, `[V, V]`.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: a cluster for each row, and a row of γ; V > 0.
  /// - Complexity: O(E · D + V · D + K² · D) time; memory of E + K² numbers and the embeddings.
  public func callAsFunction(embeddings: Tensor, clusters: [Int], influence: SparseMatrix) throws
    -> Tensor
  {
    let count = embeddings.size(along: 0)
    precondition(
      clusters.count == count && count > 0 && influence.places.rowCount == count
        && influence.places.columnCount == count && clusters.allSatisfy { $0 >= 0 },
      "\(clusters.count) clusters and \(influence.places.rowCount) rows of weights for \(count) rows"
    )
    let places = influence.places
    let unit = embeddings.normalized()
    let isSelf = places.rows.isEqual(to: places.columns).expandingDimension(at: 1)
    let cosines = try places.products(unit, unit).replacing(where: isSelf, with: 0)
    var powers = (cosines * sharpness).exp()
    if let values = influence.values { powers = powers * values.expandingDimension(at: 1) }
    let positives = (try places.rowSums(of: powers) + 1e-10).log().mean()

    // Numbered anew, so that none is empty.
    let numbers = Dictionary(
      Set(clusters).sorted().enumerated().map { ($1, Int64($0)) }, uniquingKeysWith: { $1 })
    let members = Tensor(clusters.map { numbers[$0] ?? 0 })
    let sums = Tensor.zeros(
      [numbers.count, embeddings.size(along: 1)], dtype: embeddings.dtype,
      device: embeddings.device
    ).addingRows(embeddings, at: members)
    let means = sums.normalized()
    let pairs = means.matmul(means.transposed())
    let isOwn = Tensor.identity(numbers.count, dtype: embeddings.dtype, device: embeddings.device)
    let kept = pairs.replacing(where: isOwn.isEqual(to: 1), with: 0)
    let negatives = ((kept * sharpness).exp().sum(along: 1) + 1e-10).log().mean()
    return negatives - positives
  }
}
